import { tearDown } from '../support/servers.ts';

export default tearDown;

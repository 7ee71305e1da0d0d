import { tearDown } from './servers.ts';

export default tearDown;

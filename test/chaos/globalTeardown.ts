import { tearDown } from '../support/teardown.ts';

export default tearDown;

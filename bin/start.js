import { start } from './node.js';

await start(() => import('../local/start.ts'));

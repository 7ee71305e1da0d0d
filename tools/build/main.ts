/**
 * `npm run build:workflows`: builds the workflow bundle that workers load, `dist/workflows.js`, if
 * it is missing or was made of other sources.
 */
import { buildWorkflows } from './workflows.ts';

if (await buildWorkflows()) process.stderr.write('Built the workflow bundle dist/workflows.js\n');

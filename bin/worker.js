#!/usr/bin/env -S node --max-semi-space-size=4 --max-old-space-size=1000
import { start } from './node.js';

await start(() => import('../src/worker.ts'));

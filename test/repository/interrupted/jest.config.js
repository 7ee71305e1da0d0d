import { join } from 'node:path';
import { base } from '../../../jest.config.js';

const project = (displayName) => ({
  ...base,
  displayName,
  rootDir: join(import.meta.dirname, '../../..'),
  testMatch: ['<rootDir>/test/repository/interrupted/endless.ts'],
});

/**
 * One file in two projects: jest runs a single file in its own process, and two in workers, as `npm
 * test` does.
 */
export default { projects: [project('one'), project('two')], maxWorkers: 2 };

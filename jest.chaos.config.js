import { base } from './jest.config.js';

/**
 * `npm run test:chaos`: processes are killed for 8 to 15 minutes. One file at a time: each
 * takes both cores.
 */
export default {
  ...base,
  testMatch: ['<rootDir>/test/chaos/**/*.test.ts'],
  globalSetup: '<rootDir>/test/chaos/globalSetup.ts',
  globalTeardown: '<rootDir>/test/chaos/globalTeardown.ts',
  maxWorkers: 1,
  // A killed worker is noticed after 15 s. Planting 1.4 million files takes a minute, and a test
  // takes another.
  testTimeout: 600_000,
};

import { base } from './jest.config.js';

/**
 * `npm run test:trial`: every button of the Temporal CLI on every workflow and schedule, as operators
 * find them. Takes about ten minutes.
 */
export default {
  ...base,
  testMatch: ['<rootDir>/test/trial/**/*.test.ts'],
  globalSetup: '<rootDir>/test/support/setup/temporal.ts',
  maxWorkers: 2,
  testTimeout: 300_000,
};

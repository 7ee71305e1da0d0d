import { base } from './jest.config.js';

/** `npm run test:scale`: plans at 1.4 million rows, which take minutes to fill. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/scale/**/*.test.ts'],
  globalSetup: '<rootDir>/test/support/setup/postgres.ts',
  maxWorkers: 1,
  testTimeout: 600_000,
};

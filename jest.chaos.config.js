import base from './jest.config.js';

/** `npm run test:chaos`: processes are killed for a quarter of an hour. One file after the other: each takes both cores. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/chaos/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  globalSetup: '<rootDir>/test/chaos/globalSetup.ts',
  globalTeardown: '<rootDir>/test/chaos/globalTeardown.ts',
  maxWorkers: 1,
  // A worker that was killed is noticed after 15 s; 1.4 million files take a minute, and are made in another.
  testTimeout: 600_000,
};

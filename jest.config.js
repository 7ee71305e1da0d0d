const swc = {
  jsc: { target: 'es2024', parser: { syntax: 'typescript' } },
  module: { type: 'commonjs' },
};

/** The ESM sources run as CommonJS under jest: swc strips the types and rewrites the imports. */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // Minutes each: see jest.chaos.config.js and jest.scale.config.js.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/chaos/', '<rootDir>/test/scale/'],
  transform: { '^.+\\.[jt]s$': ['@swc/jest', swc] },
  // jose comes as ESM only.
  transformIgnorePatterns: ['/node_modules/(?!jose/)'],
  globalSetup: '<rootDir>/test/support/globalSetup.ts',
  globalTeardown: '<rootDir>/test/support/globalTeardown.ts',
  maxWorkers: 2,
  // Generous: these machines are shared. A test that hangs still ends.
  testTimeout: 60_000,
};

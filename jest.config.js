const swc = {
  jsc: { target: 'es2024', parser: { syntax: 'typescript' } },
  module: { type: 'commonjs' },
};

/** The ESM sources run as CommonJS under jest: swc strips the types and rewrites the imports. */
export const base = {
  testEnvironment: 'node',
  transform: { '^.+\\.[jt]s$': ['@swc/jest', swc] },
  // jose comes as ESM only.
  transformIgnorePatterns: ['/node_modules/(?!jose/)'],
  setupFiles: ['<rootDir>/test/support/setup/endWithParent.ts'],
  globalTeardown: '<rootDir>/test/support/globalTeardown.ts',
};

/** Test files that need no server, in a folder whose other files do. */
const PURE = [
  'activities/pure',
  'commands/backfillOptions',
  'commands/backfillText',
  'commands/coherenceVerdict',
  'commands/confirm',
  'commands/massiveText',
  'commands/searchAttributes',
  'commands/statusTables',
  'commands/textForPeople',
  'commands/verdict',
  'health/server',
  'tools/release',
  'tools/soak',
  'tools/sqlFiles',
  'tools/workflowBundle',
  'workflows/backfillPace',
  'workflows/massiveRate',
  'workflows/runState',
];

/**
 * The folder of a test file decides its tier. A tier starts only the servers that it needs: a test
 * that asks for another one fails.
 */
const TIERS = {
  unit: {
    files: ['{config,contract,deployment,legifrance,observability}/**/*', 'repository/!(sqlSource)', ...PURE],
  },
  sql: { files: ['{activities,supabase,tools}/**/*', 'repository/sqlSource'], setup: 'postgres' },
  workflows: { files: ['{commands,durability,health,schedules,workflows}/**/*'], setup: 'temporal' },
  local: { files: ['{endToEnd,local}/**/*'], setup: 'temporalCli' },
};

/**
 * `test/chaos` and `test/scale` take minutes a test: see jest.chaos.config.js and
 * jest.scale.config.js.
 */
export default {
  projects: Object.entries(TIERS).map(([displayName, { files, setup }]) => ({
    ...base,
    displayName,
    testMatch: files.map((file) => `<rootDir>/test/${file}.test.ts`),
    testPathIgnorePatterns: displayName === 'unit' ? [] : PURE.map((file) => `/test/${file}\\.test\\.ts$`),
    ...(setup !== undefined && { globalSetup: `<rootDir>/test/support/setup/${setup}.ts` }),
  })),
  testSequencer: '<rootDir>/test/support/longestFirst.js',
  // Three for each core of the smallest machine: the longest files mostly wait for time-outs
  // of killed workers.
  maxWorkers: 6,
  // Only bounds a test that hangs. Generous, because other programs may use the machine.
  testTimeout: 300_000,
};

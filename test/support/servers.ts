/**
 * The environment variables by which the set-up tells the test files, which are other processes,
 * what it started.
 */
export const SERVERS = {
  /** URL of the superuser. */
  postgres: 'LEGISYNCTEST_POSTGRES_URL',
  /** host:port */
  temporal: 'LEGISYNCTEST_TEMPORAL_ADDRESS',
  temporalCli: 'LEGISYNCTEST_TEMPORAL_CLI',
  /** Path of the bundle of `test/commands/stubWorkflows.ts`. */
  stubBundle: 'LEGISYNCTEST_STUB_BUNDLE',
} as const;

/** Template databases: an empty Supabase project, and one with our migrations. */
export const TEMPLATES = { bare: 'supabase_bare', migrated: 'supabase_migrated' } as const;

/** As in the default configuration. */
export const STATUS_VALUES = {
  statusDone: ['processed', 'done', 'completed', 'failed', 'error'],
  statusInProgress: ['processing', 'in_progress', 'claimed'],
  statusFailed: ['failed', 'error'],
  claimAttempts: 5,
  graceSeconds: 900,
  maxDeletePercent: 50,
} as const;

export function serverSetting(name: keyof typeof SERVERS): string {
  const value = process.env[SERVERS[name]];
  if (value === undefined) {
    throw new Error(
      `${SERVERS[name]} is not set. The folder of this test gets no such server: see jest.config.js.`,
    );
  }
  return value;
}

/** What the global setup leaves for the test files, which run in processes of their own. */
export const SERVERS = {
  /** URL of the superuser. */
  postgres: 'LEGISYNCTEST_POSTGRES_URL',
  /** host:port */
  temporal: 'LEGISYNCTEST_TEMPORAL_ADDRESS',
  temporalCli: 'LEGISYNCTEST_TEMPORAL_CLI',
} as const;

/** Template databases: a Supabase project as it comes, and with our migrations. */
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
  if (value === undefined) throw new Error(`${SERVERS[name]} is not set: run the tests with \`npm test\`.`);
  return value;
}

/** Setup and teardown run in one process, but jest loads the modules anew for each: the list hangs on the process. */
const holder = globalThis as { legisyncTeardown?: (() => Promise<void>)[] };

export function onTeardown(step: () => Promise<void>): void {
  holder.legisyncTeardown = [...(holder.legisyncTeardown ?? []), step];
}

/** The last one set up goes first. */
export async function tearDown(): Promise<void> {
  for (const step of (holder.legisyncTeardown ?? []).toReversed()) await step();
}

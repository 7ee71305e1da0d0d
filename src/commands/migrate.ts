import { configure, type Io, type Outcome } from './run.ts';

/** `legisync migrate`: applies `supabase/migrations` to the database of SUPABASE_DB_URL. */
export async function migrateDatabase(io: Io): Promise<Outcome> {
  const { config } = configure(io, ['database']);
  const { migrate } = await import('../supabase/migrate.ts');
  const { applied, already } = await migrate(config.database.url.reveal(), {
    statusDone: config.statuses.done,
    statusInWork: config.statuses.inWork,
    statusFailed: config.statuses.failed,
  });
  return {
    data: { applied, already },
    lines: [
      ...applied.map((version) => `applied ${version}`),
      applied.length === 0
        ? `no change: ${already.length} migration(s) were there`
        : `${already.length} were there before`,
    ],
  };
}

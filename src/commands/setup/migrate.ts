import type { Config } from '../../config/config.ts';
import type { Finding } from '../../migrations/preflight/finding.ts';
import type { MigrationSettings } from '../../migrations/migrate.ts';
import { EXIT } from '../../cli/exit.ts';
import { configure, type Io, type Outcome } from '../../cli/run.ts';
import { describeDatabase } from '../../cli/target.ts';

export interface MigrateOptions {
  readonly check?: boolean;
}

/**
 * `legisync migrate`: applies `supabase/migrations` to the database of SUPABASE_DB_URL. `--check`
 * reports what is incompatible in an existing files_queue, and changes nothing.
 */
export async function migrateDatabase(io: Io, { check }: MigrateOptions): Promise<Outcome> {
  const loaded = configure(io, ['database']);
  const { config } = loaded;
  const url = config.database.url.reveal();
  if (check === true) return checkDatabase(url, settingsOf(config));
  io.err(`Target: ${describeDatabase(loaded)}`);
  return applyMigrations(url, settingsOf(config));
}

function settingsOf({ statuses, claims, coherence, guard }: Config): MigrationSettings {
  return {
    statusDone: statuses.done,
    statusInProgress: statuses.inProgress,
    statusFailed: statuses.failed,
    claimAttempts: claims.attempts,
    graceSeconds: coherence.graceSeconds,
    maxDeletePercent: guard.maxDeletePercent,
  };
}

async function applyMigrations(url: string, settings: MigrationSettings): Promise<Outcome> {
  const { migrate } = await import('../../migrations/migrate.ts');
  const { applied, already } = await migrate(url, settings);
  return {
    data: { applied, already },
    lines: [
      ...applied.map((version) => `applied ${version}`),
      applied.length === 0
        ? `no change: ${already.length} migration(s) were already applied`
        : `${already.length} were already applied`,
    ],
  };
}

async function checkDatabase(url: string, settings: MigrationSettings): Promise<Outcome> {
  const { preflight } = await import('../../migrations/preflight/preflight.ts');
  const findings = await preflight(url, settings);
  const blocking = findings.filter(({ severity }) => severity === 'blocks').length;
  const warnings = findings.filter(({ severity }) => severity === 'warning').length;
  return {
    data: { blocking, warnings, findings },
    lines: [
      ...findings.filter(({ severity }) => severity !== 'fine').flatMap(describe),
      ...(blocking === 0
        ? [`Nothing blocks, ${warnings} warning(s).`, 'Next: legisync migrate']
        : [
            `${blocking} finding(s) block, ${warnings} warning(s).`,
            'Next: fix them, then legisync migrate --check',
          ]),
    ],
    exitCode: blocking === 0 ? EXIT.ok : EXIT.failed,
  };
}

/** Each statement has a line of its own, ready to be copied. */
function describe({ severity, about, message, sql }: Finding): string[] {
  return [`${severity} (${about}): ${message}`, ...sql.map((statement) => `    ${statement};`)];
}

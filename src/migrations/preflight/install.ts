import type pg from 'pg';
import { escapeIdentifier } from 'pg';
import { isLockTimeout } from '../failures.ts';
import type { Facts, QueueFacts } from './facts.ts';
import { TABLE, type Finding, type PreflightSettings } from './finding.ts';

/** A DELETE of at most this many rows may have any share: see supabase/schemas/guards. */
const UNGUARDED_ROWS = 1_000;

const CLAIMABLE = 'files_queue_claimable';

/** The migrations refuse to replace a function that is not marked as part of legisync. */
export function functionFindings({ foreignFunctions }: Facts): Finding[] {
  if (foreignFunctions.length === 0) return [];
  const names = foreignFunctions.map(({ signature }) => signature).join(', ');
  const message = `The schema public has functions that are not part of legisync, but whose names begin with "legisync_": ${names}. The migrations refuse to replace them. Rename them, here and in your code:`;
  const sql = foreignFunctions.map(
    ({ signature, newName }) => `alter routine ${signature} rename to ${newName}`,
  );
  return [{ severity: 'blocks', about: 'function', message, sql }];
}

/** For teams that purge the table themselves: legisync refuses large deletions. */
export async function guardFinding(
  client: pg.Client,
  { isGuarded }: QueueFacts,
  { maxDeletePercent }: PreflightSettings,
): Promise<Finding> {
  const isNew = !isGuarded && (await hasManyRows(client));
  const share =
    maxDeletePercent === 100
      ? 'A TRUNCATE, or a DELETE that leaves no row,'
      : `A TRUNCATE, a DELETE that leaves no row, or one of more than ${UNGUARDED_ROWS.toLocaleString('en')} rows and more than ${maxDeletePercent} % of the table (LEGISYNC_MAX_DELETE_PERCENT)`;
  return {
    severity: isNew ? 'warning' : 'fine',
    about: 'delete',
    message: `${share} is refused on ${TABLE} once legisync is installed. If you purge the table yourselves, use smaller statements, or begin the purge's transaction with:`,
    sql: [`set local legisync.allow_emptying = 'files_queue'`],
  };
}

/** Also true if the table is locked: an unneeded warning is better than a missing one. */
async function hasManyRows(client: pg.Client): Promise<boolean> {
  await client.query('savepoint many');
  try {
    await client.query(`set local lock_timeout = '1s'`);
    const { rows } = await client.query<{ many: boolean }>(
      `select count(*) > $1 as many from (select from ${TABLE} limit $1 + 1) first`,
      [UNGUARDED_ROWS],
    );
    return rows[0]?.many === true;
  } catch (error) {
    if (!isLockTimeout(error)) throw error;
    return true;
  } finally {
    // This also resets the lock timeout.
    await client.query('rollback to savepoint many');
  }
}

/** Indexes that an interrupted build has left. Writes maintain them, but no query uses them. */
export function invalidIndexFindings({ indexes }: QueueFacts): Finding[] {
  return indexes
    .filter(({ name, isValid }) => !isValid && name !== CLAIMABLE)
    .map(({ name, isUnique }) => ({
      severity: 'warning',
      about: 'index',
      message: `Index ${name} of ${TABLE} is invalid: an interrupted build has left it. It slows down each write, and no query uses it. This does not block the Workers:`,
      // A unique index may have failed because of rows that share a value.
      sql: [`${isUnique ? 'drop' : 'reindex'} index concurrently public.${escapeIdentifier(name)}`],
    }));
}

/** An unusable index of that name: an interrupted build has left it, or the team has made it. */
export function claimableFindings({ claimable, columns }: QueueFacts): Finding[] {
  if (claimable === null || (claimable.isValid && claimable.fits)) return [];
  const what = claimable.isValid ? `has another definition (${claimable.definition})` : 'is invalid';
  const has = (wanted: string): boolean => columns.some(({ name }) => name === wanted);
  const isInstalled = has('backfilled') && has('dangling_since');
  return [
    {
      severity: 'warning',
      about: 'index',
      message: isInstalled
        ? `Index ${CLAIMABLE} ${what}: claiming files reads the whole table. This rebuilds it, without blocking the Workers:`
        : `Index ${CLAIMABLE} ${what}: \`legisync migrate\` rebuilds it. Meanwhile ${TABLE} cannot be written (SHARE lock).`,
      sql: isInstalled
        ? [
            `drop index concurrently public.${CLAIMABLE}`,
            `create index concurrently ${CLAIMABLE} on ${TABLE} (backfilled, created_at) where status = 'pending' and processed is not true and dangling_since is null`,
          ]
        : [],
    },
  ];
}

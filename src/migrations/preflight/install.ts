import type pg from 'pg';
import { isLockTimeout } from '../failures.ts';
import type { Facts, QueueFacts } from './facts.ts';
import { TABLE, type Finding, type PreflightSettings } from './finding.ts';

/**
 * A DELETE statement of so many rows, or fewer, is never refused for its share (see the guards in
 * supabase/schemas).
 */
const UNGUARDED_ROWS = 1_000;

const CLAIMABLE = 'files_queue_claimable';

/**
 * The migrations make functions of these names, and refuse to replace one that does not say that it
 * is legisync's.
 */
export function functionFindings({ foreignFunctions }: Facts): Finding[] {
  if (foreignFunctions.length === 0) return [];
  const names = foreignFunctions.map(({ signature }) => signature).join(', ');
  const message = `The schema public has functions whose names begin with "legisync_" and that are not legisync’s: ${names}. The migrations refuse to replace them. Give them other names, here and in your code:`;
  const sql = foreignFunctions.map(
    ({ signature, newName }) => `alter routine ${signature} rename to ${newName}`,
  );
  return [{ severity: 'blocks', about: 'function', message, sql }];
}

/** For teams that purge by themselves: large deletions are refused from the migration on. */
export async function guardFinding(
  client: pg.Client,
  { isGuarded }: QueueFacts,
  { maxDeletePercent }: PreflightSettings,
): Promise<Finding> {
  const isNews = !isGuarded && (await hasManyRows(client));
  const share =
    maxDeletePercent === 100
      ? 'A TRUNCATE, or a DELETE that leaves no row,'
      : `A TRUNCATE, a DELETE that leaves no row, or one of more than ${UNGUARDED_ROWS.toLocaleString('en')} rows and more than ${maxDeletePercent} % of the table (LEGISYNC_MAX_DELETE_PERCENT)`;
  return {
    severity: isNews ? 'warning' : 'fine',
    about: 'delete',
    message: `${share} is refused on ${TABLE} once legisync is installed. If you purge the table yourselves, delete in smaller statements, or begin the transaction of the purge with:`,
    sql: [`set local legisync.allow_emptying = 'files_queue'`],
  };
}

/** True as well if somebody has locked the table: a warning too many is better than one too few. */
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
    // Ends the lock timeout as well.
    await client.query('rollback to savepoint many');
  }
}

/**
 * An index of our name that does not serve: an interrupted build left it, or it is somebody else's.
 */
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
        ? `Index ${CLAIMABLE} ${what}: claiming files reads the whole table. This builds it again, and lets the Workers go on meanwhile:`
        : `Index ${CLAIMABLE} ${what}: \`legisync migrate\` builds it again, and nobody can write into ${TABLE} for that time (a SHARE lock).`,
      sql: isInstalled
        ? [
            `drop index concurrently public.${CLAIMABLE}`,
            `create index concurrently ${CLAIMABLE} on ${TABLE} (backfilled, created_at) where status = 'pending' and processed is not true and dangling_since is null`,
          ]
        : [],
    },
  ];
}

import pg from 'pg';
import { isLockTimeout } from '../failures.ts';
import type { QueueFacts } from './facts.ts';
import { TABLE, type Finding, type StatusValues } from './finding.ts';

/** Values that are looked at, the most frequent first. */
const MAX_VALUES = 20;

/** What legisync writes itself, whatever the settings. */
const PENDING = 'pending';
const OWN_VALUES = [PENDING, 'dangling'];

interface ValueInUse {
  /** Null: rows without a status. */
  readonly value: string | null;
  readonly rows: string;
}

/** Compares the values of `status` in unfinished rows, and its default, with the settings. */
export async function inUseFindings(
  client: pg.Client,
  queue: QueueFacts,
  settings: StatusValues,
): Promise<Finding[]> {
  const column = (name: string) => queue.columns.find((one) => one.name === name);
  const status = column('status');
  // Columns of other types are reported with the columns.
  if (status === undefined || column('processed')?.base !== 'bool') return [];
  const literal = /^'((?:[^']|'')*)'(?:::|$)/.exec(status.default ?? '')?.[1]?.replaceAll("''", "'");
  const findings = literal === undefined || literal === PENDING ? [] : [otherDefault(literal)];
  const values = await readValues(client);
  if (values === 'unknown') return [...findings, notRead()];
  const isSpelling = (value: string): boolean =>
    status.base !== 'citext' && value.trim().toLowerCase() === PENDING;
  const known = new Set([...OWN_VALUES, ...settings.statusDone, ...settings.statusInProgress]);
  const others = values.filter(({ value }) => value === null || !known.has(value));
  const unknown = others.filter(
    ({ value }) => value !== null && !isSpelling(value) && value.toLowerCase() !== PENDING,
  );
  return [
    ...findings,
    ...others
      .filter(({ value }) => value === null || isSpelling(value))
      .map(({ value, rows }) => otherPending(value, rows)),
    ...(unknown.length === 0 ? [] : [unnamed(unknown, settings)]),
  ];
}

async function readValues(client: pg.Client): Promise<readonly ValueInUse[] | 'unknown'> {
  await client.query('savepoint in_use');
  try {
    await client.query(`set local lock_timeout = '1s'`);
    const { rows } = await client.query<ValueInUse>(
      `select status::text as value, count(*)::text as rows from ${TABLE} where processed is not true
        group by 1 order by count(*) desc, (status::text) collate "C" limit $1`,
      [MAX_VALUES],
    );
    return rows;
  } catch (error) {
    if (!isLockTimeout(error) && !(error instanceof pg.DatabaseError && error.code === '57014')) throw error;
    return 'unknown';
  } finally {
    // This also resets the lock timeout.
    await client.query('rollback to savepoint in_use');
  }
}

const warning = (about: string, message: string, sql: readonly string[] = []): Finding => ({
  severity: 'warning',
  about,
  message,
  sql,
});

function notRead(): Finding {
  return warning(
    'status in use',
    `The values of ${TABLE}.status could not be read in time, so they were not compared with LEGISYNC_STATUS_DONE and LEGISYNC_STATUS_IN_PROGRESS. Check again later.`,
  );
}

function unnamed(unknown: readonly ValueInUse[], { statusDone, statusInProgress }: StatusValues): Finding {
  const list = unknown.map(({ value, rows }) => `"${value ?? ''}" (${rows})`).join(', ');
  return warning(
    'status in use',
    `Unfinished rows of ${TABLE} have values of status that no setting names: ${list}. If the content of such a file changes, its row stays marked requeue, and no Worker gets the new content. Add the values that mean "finished" to LEGISYNC_STATUS_DONE (now ${statusDone.join(',')}), and those that mean "in progress" to LEGISYNC_STATUS_IN_PROGRESS (now ${statusInProgress.join(',')}).`,
  );
}

function otherPending(value: string | null, rows: string): Finding {
  const what = value === null ? 'no status' : `the status "${value}"`;
  const condition = value === null ? 'status is null' : `status = ${pg.escapeLiteral(value)}`;
  return warning(
    'pending',
    `${rows} unfinished row(s) of ${TABLE} have ${what}, but legisync adds rows with "${PENDING}": Workers that poll for the one do not see the other. Let the Workers poll for "${PENDING}", then run:`,
    [`update ${TABLE} set status = '${PENDING}' where ${condition} and processed is not true`],
  );
}

function otherDefault(value: string): Finding {
  return warning(
    'pending',
    `The default of ${TABLE}.status is "${value}", but legisync adds rows with "${PENDING}": Workers that poll for "${value}" do not see them. Let the Workers poll for "${PENDING}", then run:`,
    [
      `alter table ${TABLE} alter column status set default '${PENDING}'`,
      `update ${TABLE} set status = '${PENDING}' where status = ${pg.escapeLiteral(value)} and processed is not true`,
    ],
  );
}

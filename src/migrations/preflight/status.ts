import pg from 'pg';
import type { Check, Column, QueueFacts } from './facts.ts';
import { TABLE, type Finding } from './finding.ts';
import type { StatusValues } from './finding.ts';

/** Something that legisync writes into `status`. The column must accept one of the values. */
interface Meaning {
  readonly means: string;
  readonly values: readonly string[];
  /** The setting that changes the values. Null: they are fixed. */
  readonly setting: string | null;
  readonly blocks: boolean;
  /** The consequence if the column accepts none of the values. */
  readonly without: string;
}

function meanings({ statusDone, statusInProgress, statusFailed }: StatusValues): Meaning[] {
  const failed = new Set(statusFailed);
  return [
    {
      means: 'to be done',
      values: ['pending'],
      setting: null,
      blocks: true,
      without: 'no file can be queued',
    },
    {
      means: 'done',
      values: statusDone.filter((value) => !failed.has(value)),
      setting: 'LEGISYNC_STATUS_DONE',
      blocks: false,
      without: 'legisync_claim_files and `legisync backfill --status processed` fail',
    },
    {
      means: 'in progress',
      values: statusInProgress,
      setting: 'LEGISYNC_STATUS_IN_PROGRESS',
      blocks: false,
      without: 'legisync_claim_files fails',
    },
    {
      means: 'given up',
      values: statusFailed,
      setting: 'LEGISYNC_STATUS_FAILED',
      blocks: false,
      without: 'legisync_claim_files fails',
    },
    {
      means: 'the file is gone',
      values: ['dangling'],
      setting: null,
      blocks: false,
      without:
        '`legisync repair dangling` marks such rows only in the column dangling_since, and Workers still get them',
    },
  ];
}

/** Types, besides enums, that can hold a status. */
const TEXT_TYPES = new Set(['text', 'varchar', 'citext']);

/** Tries the values that legisync writes against the type of `status` and its checks. */
export async function statusFindings(
  client: pg.Client,
  queue: QueueFacts,
  statusValues: StatusValues,
): Promise<Finding[]> {
  const column = queue.columns.find(({ name }) => name === 'status');
  // A status of another type is reported with the columns.
  if (column === undefined || !(column.isEnum || TEXT_TYPES.has(column.base))) return [];
  // A check that also reads other columns cannot be tried with a status alone.
  const checks = queue.checks.filter(({ columns }) => columns.join() === 'status');
  const findings: Finding[] = [];
  for (const meaning of meanings(statusValues)) {
    let isAccepted = false;
    for (const value of meaning.values) isAccepted ||= await accepts(client, column, checks, value);
    if (!isAccepted) findings.push(refusal(meaning, column, checks));
  }
  return findings;
}

async function accepts(
  client: pg.Client,
  { type }: Column,
  checks: readonly Check[],
  value: string,
): Promise<boolean> {
  const literal = pg.escapeLiteral(value);
  const conditions = [
    // A cast truncates a value that is too long for the type, without an error.
    's.status::text = ' + literal,
    ...checks.map(({ expression }) => `(${expression}) is not false`),
  ];
  await client.query('savepoint status_value');
  try {
    const { rows } = await client.query<{ accepted: boolean }>(
      `select ${conditions.join(' and ')} as accepted from (select ${literal}::${type} as status) s`,
    );
    return rows[0]?.accepted === true;
  } catch (error) {
    // Class 22: not a value of the type, such as an enum; 23514: the check of a domain.
    if (!(error instanceof pg.DatabaseError) || !/^(22|23514)/.test(error.code ?? '')) throw error;
    await client.query('rollback to savepoint status_value');
    return false;
  }
}

function refusal(meaning: Meaning, column: Column, checks: readonly Check[]): Finding {
  const { means, values, setting, blocks, without } = meaning;
  const [value = ''] = values;
  const list = values.map((one) => `"${one}"`).join(', ');
  const remedy = setting === null ? '' : ` Set ${setting} to the value that your Workers use, or:`;
  const constraints = checks.map(({ name }) => `, constraint ${name}`).join('');
  return {
    severity: blocks ? 'blocks' : 'warning',
    about: 'status',
    message: `${TABLE}.status (${column.type}${constraints}) accepts no value for "${means}" (${list}): ${without}.${remedy}`,
    sql: value === '' ? [] : [...widen(column, value), ...checks.flatMap((check) => permit(check, value))],
  };
}

/** Makes the type accept a value. */
function widen({ type, isEnum, limit }: Column, value: string): string[] {
  if (isEnum) return [`alter type ${type} add value if not exists ${pg.escapeLiteral(value)}`];
  // Changing varchar(n) to text does not rewrite the table.
  if (limit !== null && limit < value.length) return [`alter table ${TABLE} alter column status type text`];
  return [];
}

/** Makes a check accept one more value. Reading the rows does not lock the table. */
function permit({ name, expression }: Check, value: string): string[] {
  const constraint = pg.escapeIdentifier(name);
  return [
    `alter table ${TABLE} drop constraint ${constraint}, add constraint ${constraint} check ((${expression}) or status = ${pg.escapeLiteral(value)}) not valid`,
    `alter table ${TABLE} validate constraint ${constraint}`,
  ];
}

import pg from 'pg';
import type { Check, Column, QueueFacts } from './facts.ts';
import { TABLE, type Finding } from './finding.ts';
import type { StatusValues } from './finding.ts';

/** What legisync writes into `status`: one of the words is enough. */
interface Meaning {
  readonly means: string;
  readonly words: readonly string[];
  /** Null: the word is fixed. */
  readonly setting: string | null;
  readonly blocks: boolean;
  readonly without: string;
}

function meanings(words: StatusValues): Meaning[] {
  const failed = new Set(words.statusFailed);
  return [
    {
      means: 'to be done',
      words: ['pending'],
      setting: null,
      blocks: true,
      without: 'no file could be queued',
    },
    {
      means: 'done',
      words: words.statusDone.filter((word) => !failed.has(word)),
      setting: 'LEGISYNC_STATUS_DONE',
      blocks: false,
      without: 'legisync_claim_files and `legisync backfill --status processed` refuse to work',
    },
    {
      means: 'in work',
      words: words.statusInProgress,
      setting: 'LEGISYNC_STATUS_IN_PROGRESS',
      blocks: false,
      without: 'legisync_claim_files refuses to work',
    },
    {
      means: 'given up',
      words: words.statusFailed,
      setting: 'LEGISYNC_STATUS_FAILED',
      blocks: false,
      without: 'legisync_claim_files refuses to work',
    },
    {
      means: 'the file is gone',
      words: ['dangling'],
      setting: null,
      blocks: false,
      without:
        '`legisync repair dangling` marks such rows in the column dangling_since alone, and Workers go on getting them',
    },
  ];
}

/** Types, beside enums, that hold words. */
const WORDY = new Set(['text', 'varchar', 'citext']);

/** Tries the words that legisync writes against the type of `status` and its checks. */
export async function statusFindings(
  client: pg.Client,
  queue: QueueFacts,
  words: StatusValues,
): Promise<Finding[]> {
  const column = queue.columns.find(({ name }) => name === 'status');
  // A status that is no text is another finding.
  if (column === undefined || !(column.isEnum || WORDY.has(column.base))) return [];
  // Checks that look at other columns as well cannot be tried with a word alone.
  const checks = queue.checks.filter(({ columns }) => columns.join() === 'status');
  const findings: Finding[] = [];
  for (const meaning of meanings(words)) {
    let isTaken = false;
    for (const word of meaning.words) isTaken ||= await takes(client, column, checks, word);
    if (!isTaken) findings.push(refusal(meaning, column, checks));
  }
  return findings;
}

async function takes(
  client: pg.Client,
  { type }: Column,
  checks: readonly Check[],
  word: string,
): Promise<boolean> {
  const literal = pg.escapeLiteral(word);
  const conditions = [
    // A word that is too long for its type is cut by the cast, without a word of its own.
    's.status::text = ' + literal,
    ...checks.map(({ expression }) => `(${expression}) is not false`),
  ];
  await client.query('savepoint word');
  try {
    const { rows } = await client.query<{ taken: boolean }>(
      `select ${conditions.join(' and ')} as taken from (select ${literal}::${type} as status) s`,
    );
    return rows[0]?.taken === true;
  } catch (error) {
    // Class 22: no value of the type, such as of an enum; 23514: the check of a domain.
    if (!(error instanceof pg.DatabaseError) || !/^(22|23514)/.test(error.code ?? '')) throw error;
    await client.query('rollback to savepoint word');
    return false;
  }
}

function refusal(meaning: Meaning, column: Column, checks: readonly Check[]): Finding {
  const { means, words, setting, blocks, without } = meaning;
  const [word = ''] = words;
  const list = words.map((one) => `"${one}"`).join(', ');
  const either = setting === null ? '' : ` Set ${setting} to the word that your Workers use, or:`;
  return {
    severity: blocks ? 'blocks' : 'warning',
    about: 'status',
    message: `${TABLE}.status (${column.type}${checks.map(({ name }) => `, constraint ${name}`).join('')}) takes no word for "${means}" (${list}): ${without}.${either}`,
    sql: word === '' ? [] : [...widen(column, word), ...checks.flatMap((check) => permit(check, word))],
  };
}

/** Makes the type take a word. */
function widen({ type, isEnum, limit }: Column, word: string): string[] {
  if (isEnum) return [`alter type ${type} add value if not exists ${pg.escapeLiteral(word)}`];
  // Longer is no rewrite of the table.
  if (limit !== null && limit < word.length) return [`alter table ${TABLE} alter column status type text`];
  return [];
}

/** Makes a check take a word beside those that it takes. The table is not locked while its rows are looked at. */
function permit({ name, expression }: Check, word: string): string[] {
  const constraint = pg.escapeIdentifier(name);
  return [
    `alter table ${TABLE} drop constraint ${constraint}, add constraint ${constraint} check ((${expression}) or status = ${pg.escapeLiteral(word)}) not valid`,
    `alter table ${TABLE} validate constraint ${constraint}`,
  ];
}

import pg from 'pg';
import { KEY_NAMES, type QueueFacts } from './facts.ts';
import { TABLE, type Finding } from './finding.ts';
import type { StatusValues } from './finding.ts';

/** Paths that are named in the message; the statement in it shows the others. */
const EXAMPLES = 3;

/** `on conflict (file_path)` needs a unique index; where there is none, rows may share a path, which then forbid it. */
export async function keyFindings(
  client: pg.Client,
  queue: QueueFacts,
  words: StatusValues,
): Promise<Finding[]> {
  if (!queue.columns.some(({ name }) => name === 'file_path')) return [];
  const nulls = await nullFindings(client, queue);
  const deferrable = queue.deferrablePaths.map(deferrableFinding);
  if (queue.uniquePath) return [...deferrable, ...nulls];
  return [...(await duplicateFindings(client, queue, words)), missingIndex(queue), ...deferrable, ...nulls];
}

function missingIndex({ takenNames }: QueueFacts): Finding {
  const [first, second] = KEY_NAMES;
  // The name may be that of a deferrable constraint, or of what a build that failed left behind.
  const name = takenNames.includes(first) ? second : first;
  return {
    severity: 'blocks',
    about: 'unique index',
    message: `${TABLE} has no unique index on file_path alone, whole and at once enforced, which "on conflict (file_path)" needs. This lets the Workers go on meanwhile:`,
    sql: [
      ...(takenNames.includes(second) ? [`drop index concurrently public.${second}`] : []),
      `create unique index concurrently ${name} on ${TABLE} (file_path)`,
    ],
  };
}

/** "ON CONFLICT does not support deferrable unique constraints as arbiters" (PostgreSQL), also beside a better index. */
function deferrableFinding(name: string): Finding {
  return {
    severity: 'blocks',
    about: 'deferrable',
    message: `Constraint ${name} of ${TABLE} is deferrable: "on conflict (file_path)" fails wherever there is such a one.`,
    sql: [`alter table ${TABLE} drop constraint ${pg.escapeIdentifier(name)}`],
  };
}

interface Duplicates {
  readonly paths: string;
  readonly surplus: string;
  readonly examples: readonly string[] | null;
}

async function duplicateFindings(
  client: pg.Client,
  queue: QueueFacts,
  words: StatusValues,
): Promise<Finding[]> {
  const show = `select file_path, count(*) from ${TABLE} where file_path is not null group by file_path having count(*) > 1`;
  await client.query('savepoint duplicates');
  try {
    const { rows } = await client.query<Duplicates>(
      `with d as materialized (${show})
       select count(*) as paths, coalesce(sum(d.count - 1), 0)::bigint as surplus,
              (select array_agg(file_path::text) from (select file_path from d order by file_path limit $1) e) as examples
         from d`,
      [EXAMPLES],
    );
    const [found] = rows;
    if (found === undefined || found.paths === '0') return [];
    const message = `${found.paths} file_path(s) of ${TABLE} have several rows, ${found.surplus} too many in all, such as ${(found.examples ?? []).join(', ')}. The first statement shows them; the second keeps one row of each: a finished one before others, then the oldest.`;
    return [
      { severity: 'blocks', about: 'duplicates', message, sql: [show, removeDuplicates(queue, words)] },
    ];
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== '57014') throw error;
    await client.query('rollback to savepoint duplicates');
    const message = `Whether rows of ${TABLE} share a file_path could not be found out in time. See for yourself, in the SQL editor:`;
    return [
      { severity: 'blocks', about: 'duplicates', message, sql: [`set statement_timeout = '10min'`, show] },
    ];
  }
}

/** Deletes by `ctid`: there may be no other key. A row that a Worker changes meanwhile moves, and is left alone. */
function removeDuplicates({ columns }: QueueFacts, words: StatusValues): string {
  const has = (wanted: string) => columns.some(({ name }) => name === wanted);
  const finished = [
    ...(has('processed') ? ['processed'] : []),
    ...(has('status') ? [`status::text in (${words.statusDone.map(pg.escapeLiteral).join(', ')})`] : []),
  ];
  const order = [
    ...(finished.length === 0 ? [] : [`coalesce(${finished.join(' or ')}, false) desc`]),
    ...(has('created_at') ? ['created_at nulls last'] : []),
    'ctid',
  ];
  return `delete from ${TABLE} f using (select ctid, row_number() over (partition by file_path order by ${order.join(', ')}) as n from ${TABLE} where file_path is not null) d where f.ctid = d.ctid and d.n > 1`;
}

/** Cheap: a unique index has the nulls at one end; without an index, one scan. */
async function nullFindings(client: pg.Client, { columns }: QueueFacts): Promise<Finding[]> {
  const column = columns.find(({ name }) => name === 'file_path');
  if (column?.notNull !== false) return [];
  const { rows } = await client.query<{ rows: string }>(
    `select count(*) as rows from ${TABLE} where file_path is null`,
  );
  const count = rows[0]?.rows ?? '0';
  if (count === '0') return [];
  return [
    {
      severity: 'warning',
      about: 'null path',
      message: `${count} row(s) of ${TABLE} have no file_path: they stand for no file: legisync neither hands them out nor changes them.`,
      sql: [`delete from ${TABLE} where file_path is null`],
    },
  ];
}

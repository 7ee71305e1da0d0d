import pg from 'pg';
import { unpartition } from './conversion.ts';
import { KEY_NAMES, type QueueFacts } from './facts.ts';
import { TABLE, type Finding } from './finding.ts';
import type { StatusValues } from './finding.ts';

/** Paths that the message names; its first statement shows all. */
const EXAMPLES = 3;

/** `on conflict (file_path)` needs a unique index. Rows that share a path prevent its creation. */
export async function keyFindings(
  client: pg.Client,
  queue: QueueFacts,
  statusValues: StatusValues,
): Promise<Finding[]> {
  if (!queue.columns.some(({ name }) => name === 'file_path')) return [];
  const nulls = await nullFindings(client, queue);
  const deferrable = queue.deferrablePaths.map(deferrableFinding);
  if (queue.uniquePath) return [...deferrable, ...nulls];
  if (queue.partitionKey !== null && !queue.partitionKey.endsWith(' (file_path)')) {
    return [partitionFinding(queue, queue.partitionKey), ...deferrable, ...nulls];
  }
  return [
    ...(await duplicateFindings(client, queue, statusValues)),
    missingIndex(queue),
    ...deferrable,
    ...nulls,
  ];
}

/** Only a table that is partitioned by the path can have a unique index on it. */
function partitionFinding(queue: QueueFacts, key: string): Finding {
  return {
    severity: 'blocks',
    about: 'partition',
    message: `${TABLE} is partitioned by ${key}, so it cannot have the unique index on file_path that "on conflict (file_path)" needs. Stop the Workers and replace it by a plain table, as follows. Rights, policies, triggers and foreign keys are not copied: create them again. Then drop files_queue_partitioned.`,
    sql: unpartition(queue),
  };
}

function missingIndex({ takenNames, partitionKey }: QueueFacts): Finding {
  const [first, second] = KEY_NAMES;
  // A deferrable constraint or a failed build may already have the name.
  const name = takenNames.includes(first) ? second : first;
  // PostgreSQL builds no index of a partitioned table concurrently.
  const [concurrently, blocking] =
    partitionKey === null
      ? [' concurrently', 'without blocking the Workers']
      : ['', 'while the table cannot be written'];
  return {
    severity: 'blocks',
    about: 'unique index',
    message: `${TABLE} has no unique index on file_path alone, which "on conflict (file_path)" needs. It must not be partial or deferrable. This creates one, ${blocking}:`,
    sql: [
      ...(takenNames.includes(second) ? [`drop index${concurrently} public.${second}`] : []),
      `create unique index${concurrently} ${name} on ${TABLE} (file_path)`,
    ],
  };
}

/**
 * "ON CONFLICT does not support deferrable unique constraints as arbiters" (PostgreSQL), even if
 * there is a suitable index as well.
 */
function deferrableFinding(name: string): Finding {
  return {
    severity: 'blocks',
    about: 'deferrable',
    message: `Constraint ${name} of ${TABLE} is deferrable: "on conflict (file_path)" fails while such a constraint exists.`,
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
  statusValues: StatusValues,
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
    const message = `${found.paths} file_path(s) of ${TABLE} have several rows, with ${found.surplus} surplus rows in all. Examples: ${(found.examples ?? []).join(', ')}. The first statement shows them. The second keeps one row of each path: a finished one if there is one, otherwise the oldest.`;
    return [
      {
        severity: 'blocks',
        about: 'duplicates',
        message,
        sql: [show, removeDuplicates(queue, statusValues)],
      },
    ];
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== '57014') throw error;
    await client.query('rollback to savepoint duplicates');
    const message = `The check whether rows of ${TABLE} share a file_path timed out. Run it in the SQL editor:`;
    return [
      { severity: 'blocks', about: 'duplicates', message, sql: [`set statement_timeout = '10min'`, show] },
    ];
  }
}

/**
 * Deletes by `ctid`, because there may be no other key. A row that a Worker updates meanwhile gets
 * another `ctid` and is not deleted.
 */
function removeDuplicates({ columns }: QueueFacts, statusValues: StatusValues): string {
  const has = (wanted: string) => columns.some(({ name }) => name === wanted);
  const finished = [
    ...(has('processed') ? ['processed'] : []),
    ...(has('status')
      ? [`status::text in (${statusValues.statusDone.map(pg.escapeLiteral).join(', ')})`]
      : []),
  ];
  const order = [
    ...(finished.length === 0 ? [] : [`coalesce(${finished.join(' or ')}, false) desc`]),
    ...(has('created_at') ? ['created_at nulls last'] : []),
    'ctid',
  ];
  return `delete from ${TABLE} f using (select ctid, row_number() over (partition by file_path order by ${order.join(', ')}) as n from ${TABLE} where file_path is not null) d where f.ctid = d.ctid and d.n > 1`;
}

/** Cheap: a unique index has the nulls at one end. Without an index, one scan. */
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
      message: `${count} row(s) of ${TABLE} have no file_path, so they describe no file. legisync neither hands them out nor changes them.`,
      sql: [`delete from ${TABLE} where file_path is null`],
    },
  ];
}

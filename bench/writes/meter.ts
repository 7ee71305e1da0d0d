import type { Client } from 'pg';
import { round, timed } from '../support/figures.ts';

/** The writes of a piece of work: into one table, and in total. */
export interface Written {
  readonly seconds: number;
  /** WAL of the whole server, including full-page images. */
  readonly walMb: number;
  /** Inserted and updated rows of the table; `hot`: updates without a new index entry. */
  readonly inserted: number;
  readonly updated: number;
  readonly hot: number;
  readonly heapMb: { readonly before: number; readonly after: number };
  readonly indexMb: { readonly before: number; readonly after: number };
}

interface Counters {
  readonly lsn: string;
  readonly inserted: number;
  readonly updated: number;
  readonly hot: number;
  readonly heap: number;
  readonly indexes: number;
}

/**
 * Measures what `work` writes after a CHECKPOINT: each changed page is written to the log in full,
 * once.
 *
 * @param client a session of the superuser, which `work` may use
 * @param table with its schema
 */
export async function measureWrites(
  client: Client,
  table: string,
  work: () => Promise<unknown>,
): Promise<Written> {
  await client.query('checkpoint');
  const before = await readCounters(client, table);
  const { seconds } = await timed(work);
  const after = await readCounters(client, table);
  const { rows } = await client.query<{ bytes: string }>('select pg_wal_lsn_diff($1, $2) as bytes', [
    after.lsn,
    before.lsn,
  ]);
  return {
    seconds: round(seconds, 1),
    walMb: megabytes(Number(rows[0]?.bytes)),
    inserted: after.inserted - before.inserted,
    updated: after.updated - before.updated,
    hot: after.hot - before.hot,
    heapMb: { before: megabytes(before.heap), after: megabytes(after.heap) },
    indexMb: { before: megabytes(before.indexes), after: megabytes(after.indexes) },
  };
}

async function readCounters(client: Client, table: string): Promise<Counters> {
  // A session reports its counts when it ends, or once a second at most.
  await client.query('select pg_stat_force_next_flush()');
  const { rows } = await client.query<Counters>(
    `select pg_current_wal_lsn()::text as lsn, n_tup_ins::float8 as inserted, n_tup_upd::float8 as updated,
            n_tup_hot_upd::float8 as hot, pg_relation_size(relid)::float8 as heap,
            pg_indexes_size(relid)::float8 as indexes
       from pg_stat_all_tables where relid = $1::regclass`,
    [table],
  );
  const [counters] = rows;
  if (counters === undefined) throw new Error(`there is no table ${table}`);
  return counters;
}

/** Converts to MB of 1,048,576 bytes, as in PostgreSQL. */
export const megabytes = (bytes: number): number => round(bytes / 1_048_576, 1);

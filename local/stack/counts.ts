import { Pool } from 'pg';

/** Numbers of objects, rows and documents at one moment. */
export interface Counts {
  readonly objects: number;
  readonly rows: number;
  readonly pending: number;
  /** Documents that were collected and queued. Rows that a backfill adds are no such documents. */
  readonly stored: number;
  /** Documents in the catalogue. */
  readonly known: number;
  /** Documents that wait for another attempt. */
  readonly failed: number;
}

/** Objects without a row, and rows without an object. */
export interface Gaps {
  readonly missing: number;
  readonly dangling: number;
}

/** Counts in the database itself, never from figures of the application. */
export interface Counter {
  readonly counts: () => Promise<Counts>;
  readonly gaps: () => Promise<Gaps>;
  readonly close: () => Promise<void>;
}

/**
 * Creates a counter. Queries have a limit of 20 s; with 1.4 million rows they take about a second.
 */
export function createCounter(databaseUrl: string, bucket: string): Counter {
  const pool = new Pool({
    connectionString: databaseUrl,
    max: 1,
    query_timeout: 20_000,
    connectionTimeoutMillis: 5_000,
  });
  // A killed database also ends idle connections. The next query reports the error.
  pool.on('error', () => undefined);
  const one = async <T extends object>(sql: string): Promise<T> => {
    const { rows } = await pool.query<T>(sql, [bucket]);
    const [row] = rows;
    if (row === undefined) throw new Error('a count returned no row');
    return row;
  };
  return {
    counts: () =>
      one<Counts>(`
        select (select count(*)::int from storage.objects where bucket_id = $1) as objects,
               q.rows, q.pending, d.known, d.stored, d.failed
        from (select count(*)::int as rows, count(*) filter (where status = 'pending')::int as pending
              from public.files_queue where bucket_id = $1) q,
             (select count(*)::int as known, count(*) filter (where state = 'stored')::int as stored,
                     count(*) filter (where state = 'failed')::int as failed
              from legisync.documents) d`),
    gaps: () =>
      one<Gaps>(`
        select
          (select count(*)::int from storage.objects o where o.bucket_id = $1 and not exists
            (select from public.files_queue f where f.file_path = o.name)) as missing,
          (select count(*)::int from public.files_queue f where f.bucket_id = $1 and not exists
            (select from storage.objects o where o.bucket_id = $1 and o.name = f.file_path)) as dangling`),
    close: () => pool.end(),
  };
}

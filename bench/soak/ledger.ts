import type { Sql } from './audit.ts';

/** How many were found, and some of them. */
export interface Finding {
  readonly count: number;
  readonly examples: readonly string[];
}

/** What must be there at the end. */
export interface Expected {
  readonly bucket: string;
  /** Files of all documents, and files that were put into the bucket. */
  readonly paths: readonly string[];
}

/** What can be wrong. Each finding must be empty at the end of a run. */
export const LEDGER = {
  lost: 'expected, but without object or row',
  missing: 'objects without a row (view legisync.missing)',
  dangling: 'rows without an object (view legisync.dangling)',
  stale: 'rows with older content than the object (view legisync.stale)',
  outdated: 'objects with older content than the API',
  uploadedTwice: 'uploaded more than once with the same content',
  queuedTwice: 'queued more often than the content changed',
  processedTwice: 'finished more than once with the same content',
  orphanedClaims: 'claims that nobody holds any more',
  heldDocuments: 'documents that an ended batch still holds',
  uncollected: 'documents that are not stored, or still due',
  unfinished: 'rows that no Worker has finished',
} as const;

export type LedgerEntry = keyof typeof LEDGER;

/** What the database itself shows. */
export type DatabaseEntry = Exclude<LedgerEntry, 'outdated'>;

/** Enough to look into the cause. */
const EXAMPLES = 5;

/** One query for each entry. Each returns the column `found`. $1 is the bucket, $2 the expected paths. */
const QUERIES: Readonly<Record<DatabaseEntry, string>> = {
  lost: `
    select path || case when o.name is null then ' (no object)' else ' (no row)' end as found
      from unnest($2::text[]) path
      left join storage.objects o on o.bucket_id = $1 and o.name = path
      left join public.files_queue f on f.bucket_id = $1 and f.file_path = path
     where o.name is null or f.file_path is null`,
  missing: `select file_path as found from legisync.missing where bucket_id = $1`,
  dangling: `select file_path as found from legisync.dangling where bucket_id = $1`,
  stale: `select file_path as found from legisync.stale where bucket_id = $1`,
  uploadedTwice: `
    select name || ' (' || uploads || ' times)' as found from gateway.uploads
     where bucket_id = $1 and uploads > 1`,
  queuedTwice: `
    select q.file_path || ' (' || count(*) || ' times)' as found from soak.queued q group by q.file_path
    having count(*) > greatest(1, (select count(*) from gateway.uploads u
                                    where u.bucket_id = $1 and u.name = q.file_path))`,
  processedTwice: `
    select file_path || ' (' || count(*) || ' times)' as found from soak.processed
     group by file_path, content_sha256 having count(*) > 1`,
  orphanedClaims: `
    select file_path || ' (' || state || ' by ' || holder || ')' as found from legisync.claims
     where state in ('held', 'waiting')`,
  heldDocuments: `
    select category || '/' || id || ' (' || holder::text || ')' as found from legisync.documents
     where held_until is not null`,
  uncollected: `
    select category || '/' || id || ' (' || state || coalesce(', ' || code, '') || ')' as found
      from legisync.documents where state <> 'stored' or next_attempt_at is not null`,
  unfinished: `
    select file_path || ' (' || status || case when requeue then ', marked' else '' end || ')' as found
      from public.files_queue where bucket_id = $1 and (status <> 'processed' or not processed or requeue)`,
};

/**
 * Reads the ledger from the database, by statements that share nothing with the application except
 * its three views. Everything must have come to rest: what is in progress counts as found.
 *
 * @param sql of a database with the audit: see `installAudit`
 */
export async function readLedger(
  sql: Sql,
  { bucket, paths }: Expected,
): Promise<Readonly<Record<DatabaseEntry, Finding>>> {
  const findings: Partial<Record<DatabaseEntry, Finding>> = {};
  for (const [entry, query] of Object.entries(QUERIES) as [DatabaseEntry, string][]) {
    // Each query gets both parameters, although some use none: PostgreSQL must know their types.
    const rows = await sql<{ found: string }>(
      `with given as (select $1::text, $2::text[]) ${query} order by 1`,
      [bucket, paths],
    );
    findings[entry] = findingOf(rows.map(({ found }) => found));
  }
  return findings as Record<DatabaseEntry, Finding>;
}

/** Counts what was found, and keeps the first ones. */
export function findingOf(found: readonly string[]): Finding {
  return { count: found.length, examples: found.slice(0, EXAMPLES) };
}

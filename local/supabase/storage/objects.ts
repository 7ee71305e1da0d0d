import { z } from 'zod';
import { MAX_LIST_ENTRIES } from './limits.ts';
import { invalidRequest, noSuchBucket, noSuchObject } from './errors.ts';
import type { StorageSession } from './session.ts';

interface ObjectRow {
  readonly id: string;
  readonly bucket_id: string;
  readonly name: string;
  readonly version: string;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly metadata: {
    eTag: string;
    size: number;
    mimetype: string;
    cacheControl: string;
    lastModified: string;
  } | null;
  readonly user_metadata: Record<string, unknown> | null;
}

async function findObject(session: StorageSession, bucket: string, key: string): Promise<ObjectRow> {
  const { rows } = await session.asCaller((client) =>
    client.query<ObjectRow>(
      `select id, bucket_id, name, version, created_at, updated_at, metadata, user_metadata
         from storage.objects where bucket_id = $1 and name = $2`,
      [bucket, key],
    ),
  );
  const row = rows[0];
  if (row !== undefined) return row;
  const known = await session.pool.query('select from storage.buckets where id = $1', [bucket]);
  throw known.rowCount === 0 ? noSuchBucket() : noSuchObject();
}

export async function objectInfo(session: StorageSession, bucket: string, key: string): Promise<object> {
  const row = await findObject(session, bucket, key);
  return {
    id: row.id,
    name: row.name,
    version: row.version,
    bucket_id: row.bucket_id,
    size: row.metadata?.size ?? null,
    content_type: row.metadata?.mimetype ?? null,
    cache_control: row.metadata?.cacheControl ?? null,
    etag: row.metadata?.eTag ?? null,
    metadata: row.user_metadata ?? {},
    last_modified: row.metadata?.lastModified ?? row.updated_at,
    created_at: row.created_at,
  };
}

export interface Download {
  readonly content: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

export async function download(session: StorageSession, bucket: string, key: string): Promise<Download> {
  const row = await findObject(session, bucket, key);
  // The object may be replaced and its file removed after the row was read; then the row has
  // changed too.
  const content =
    (await session.files.read(row.version)) ??
    (await session.files.read((await findObject(session, bucket, key)).version));
  if (content === undefined) throw noSuchObject();
  session.counters.download();
  return {
    content,
    headers: {
      'content-type': row.metadata?.mimetype ?? 'application/octet-stream',
      'cache-control': row.metadata?.cacheControl ?? 'no-cache',
      etag: row.metadata?.eTag ?? '',
      'last-modified': new Date(row.metadata?.lastModified ?? row.updated_at).toUTCString(),
    },
  };
}

const removeBody = z.object({ prefixes: z.array(z.string()).min(1).max(1_000) });

/**
 * Removes objects by their full names (although the field is called `prefixes`) and returns their
 * rows.
 */
export async function removeObjects(
  session: StorageSession,
  bucket: string,
  body: unknown,
): Promise<object[]> {
  const parsed = removeBody.safeParse(body);
  if (!parsed.success) throw invalidRequest(z.prettifyError(parsed.error));
  const removed = await session.asCaller(async (client) => {
    // The trigger on the table refuses all deletes except those of Storage itself.
    await client.query(`select set_config('storage.allow_delete_query', 'true', true)`);
    const { rows } = await client.query<{ object: object; version: string | null }>(
      `delete from storage.objects as o where bucket_id = $1 and name = any($2)
       returning to_json(o) as object, version`,
      [bucket, parsed.data.prefixes],
    );
    return rows;
  });
  for (const { version } of removed) if (version !== null) await session.files.remove(version);
  return removed.map((row) => row.object);
}

const listBody = z.object({
  prefix: z.string(),
  limit: z.int().positive().default(100),
  offset: z.int().nonnegative().default(0),
  search: z.string().default(''),
  sortBy: z
    .object({
      column: z.enum(['name', 'updated_at', 'created_at', 'last_accessed_at']).default('name'),
      order: z.enum(['asc', 'desc']).default('asc'),
    })
    .prefault({}),
});

/**
 * The entries of one folder, in the order of the database's collation: its files, and its subfolders as entries without an id.
 */
export async function listObjects(session: StorageSession, bucket: string, body: unknown): Promise<object[]> {
  const parsed = listBody.safeParse(body ?? {});
  if (!parsed.success) throw invalidRequest(z.prettifyError(parsed.error));
  const { prefix, limit, offset, search, sortBy } = parsed.data;
  const folder = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
  const { rows } = await session.asCaller((client) =>
    client.query<{ entry: object }>(
      `with below as (
         select substr(name, length($2) + 1) as rest, id, updated_at, created_at, last_accessed_at, metadata
           from storage.objects where bucket_id = $1 and starts_with(name, $2)
       ), entries as (
         select rest as name, id, updated_at, created_at, last_accessed_at, metadata
           from below where position('/' in rest) = 0
         union all
         select distinct split_part(rest, '/', 1), null::uuid, null::timestamptz, null::timestamptz, null::timestamptz, null::jsonb
           from below where position('/' in rest) > 0
       )
       select to_json(e) as entry from entries as e
        where starts_with(lower(name), lower($3))
        order by ${sortBy.column} ${sortBy.order}, name limit $4 offset $5`,
      [bucket, folder, search, Math.min(limit, MAX_LIST_ENTRIES), offset],
    ),
  );
  return rows.map((row) => row.entry);
}

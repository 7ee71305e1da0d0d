import { createHash } from 'node:crypto';
import { escapeLiteral } from 'pg';
import { sqlState } from '../database.ts';
import {
  duplicateObject,
  invalidKey,
  invalidMime,
  invalidRequest,
  noSuchBucket,
  tooLarge,
} from './errors.ts';
import { MAX_OBJECT_BYTES } from './limits.ts';
import type { StorageSession } from './session.ts';

export interface Upload {
  readonly bucket: string;
  readonly key: string;
  readonly content: Buffer;
  readonly contentType: string;
  readonly cacheControl: string;
  readonly userMetadata: Readonly<Record<string, unknown>>;
  /** Replace an existing object. Otherwise an existing object is an error. */
  readonly upsert: boolean;
}

interface UploadTarget {
  readonly file_size_limit: string | null;
  readonly allowed_mime_types: string[] | null;
  readonly taken: boolean;
}

/** The characters that Storage accepts in a key. */
const KEY = /^[A-Za-z0-9_/!.*'() &$=@;:+,?-]+$/;

/** The dashboard's mark of an empty folder. It must be empty itself. */
const PLACEHOLDER = '.emptyFolderPlaceholder';

/** Storage waits this long for another upload of the same object. */
const LOCK_SECONDS = 5;

/**
 * Carries out an upload in the order of the real service: check for the object, write the file,
 * then insert or replace the row.
 *
 * The check and the write are separate transactions, and the write always replaces. So several
 * concurrent uploads of a new path all succeed and the last one wins, with or without upsert: no
 * upsert does *not* mean "create, or fail". A client that relies on that must fail here as in
 * production.
 */
export async function upload(session: StorageSession, request: Upload): Promise<{ Id: string; Key: string }> {
  const { bucket, key, content } = request;
  if (!KEY.test(key) || key.split('/').includes('..')) throw invalidKey(key);
  const target = await findTarget(session, bucket, key);
  if (content.length > maxBytes(key, target)) throw tooLarge();
  if (!mimeAllowed(request.contentType, target.allowed_mime_types)) throw invalidMime(request.contentType);
  if (session.caller.role !== 'service_role') await probeRights(session, bucket, key);
  if (target.taken && !request.upsert) throw duplicateObject();

  const version = await session.files.write(content);
  try {
    const { id, previous } = await putRow(session, request, version);
    if (previous !== null) await session.files.remove(previous);
    return { Id: id, Key: `${bucket}/${key}` };
  } catch (error) {
    // Only after an error from the server: after a lost connection, the row may exist and need its
    // file.
    if (sqlState(error) !== undefined) await session.files.remove(version);
    throw error;
  }
}

function maxBytes(key: string, { file_size_limit: limit }: UploadTarget): number {
  if (key.endsWith(PLACEHOLDER)) return 0;
  return Math.min(Number(limit ?? MAX_OBJECT_BYTES), MAX_OBJECT_BYTES);
}

async function findTarget(session: StorageSession, bucket: string, key: string): Promise<UploadTarget> {
  const { rows } = await session.pool.query<UploadTarget>(
    `select file_size_limit, allowed_mime_types,
            exists (select from storage.objects where bucket_id = $1 and name = $2) as taken
       from storage.buckets where id = $1`,
    [bucket, key],
  );
  const target = rows[0];
  if (target === undefined) throw noSuchBucket();
  return target;
}

/** Checks by an insert that is rolled back whether the caller's policies allow the write. */
async function probeRights(session: StorageSession, bucket: string, key: string): Promise<void> {
  const undo = new Error('rolled back on purpose');
  await session
    .asCaller(async (client) => {
      await client.query('insert into storage.objects (bucket_id, name, version) values ($1, $2, $3)', [
        bucket,
        key,
        'probe',
      ]);
      throw undo;
    })
    .catch((error: unknown) => {
      if (error !== undo && sqlState(error) !== '23505') throw error;
    });
}

async function putRow(
  session: StorageSession,
  request: Upload,
  version: string,
): Promise<{ id: string; previous: string | null }> {
  const { bucket, key, userMetadata } = request;
  // Uploads of one object are sequential, so that each sees the version that it replaces and must
  // remove.
  const lock = `set local lock_timeout = '${LOCK_SECONDS}s';
    select pg_advisory_xact_lock(hashtextextended(${escapeLiteral(`${bucket}/${key}`)}, 0));
    set local lock_timeout = 0`;
  return session.asCaller(async (client) => {
    const { rows } = await client.query<{ id: string; previous: string | null }>(
      `with previous as (select version from storage.objects where bucket_id = $1 and name = $2)
       insert into storage.objects (bucket_id, name, version, metadata, user_metadata)
       values ($1, $2, $3, $4, $5)
       on conflict (bucket_id, name) do update
         set version = excluded.version, metadata = excluded.metadata, user_metadata = excluded.user_metadata
       returning id, (select version from previous) as previous`,
      [bucket, key, version, JSON.stringify(describe(request)), JSON.stringify(userMetadata)],
    );
    const row = rows[0];
    if (row === undefined) throw new Error(`The upsert of ${bucket}/${key} returned no row.`);
    // The tables' owner writes the count, because no role of the API may access it.
    await client.query('set local role none');
    await client.query(
      `insert into gateway.uploads as counted (bucket_id, name, sha256) values ($1, $2, $3)
       on conflict (bucket_id, name, sha256) do update set uploads = counted.uploads + 1`,
      [bucket, key, typeof userMetadata['sha256'] === 'string' ? userMetadata['sha256'] : ''],
    );
    return row;
  }, lock);
}

/** The `metadata` column, with the keys and types of the real service. */
function describe({ content, contentType, cacheControl }: Upload): object {
  const md5 = createHash('md5').update(content).digest('hex');
  return {
    eTag: `"${md5}"`,
    size: content.length,
    mimetype: contentType,
    cacheControl,
    lastModified: new Date().toISOString(),
    contentLength: content.length,
    httpStatusCode: 200,
  };
}

/**
 * A bucket's list contains types or groups such as `image/*`. Without a list, all types are allowed.
 * Parameters count: `text/plain;charset=UTF-8` is not `text/plain`.
 */
function mimeAllowed(contentType: string, allowed: readonly string[] | null): boolean {
  if (allowed === null || allowed.length === 0) return true;
  return allowed.some(
    (one) =>
      one === '*' ||
      one === '*/*' ||
      one === contentType ||
      (one.endsWith('/*') && contentType.startsWith(one.slice(0, -1))),
  );
}

/** The user metadata of an upload: a JSON object. */
export function parseUserMetadata(json: string | undefined): Record<string, unknown> {
  if (json === undefined) return {};
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Both kinds of invalid values give the same error, below.
  }
  throw invalidRequest('The metadata must be a JSON object; in the header x-metadata, its base64.');
}

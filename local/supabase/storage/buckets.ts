import { z } from 'zod';
import { sqlState } from '../database.ts';
import { MAX_OBJECT_BYTES } from './limits.ts';
import {
  duplicateBucket,
  invalidBucketName,
  invalidMime,
  invalidRequest,
  noSuchBucket,
  tooLarge,
} from './errors.ts';
import type { StorageSession } from './session.ts';

const UNITS: Readonly<Record<string, number>> = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9 };

const createBucketBody = z.object({
  id: z.string().optional(),
  name: z.string(),
  public: z.boolean().default(false),
  file_size_limit: z.union([z.int().nonnegative(), z.string()]).nullish(),
  allowed_mime_types: z.array(z.string()).nullish(),
});

/** The columns, in the order of the real answer. A bucket without an owner has '' there. */
const COLUMNS =
  "id, name, coalesce(owner::text, '') as owner, public, type, file_size_limit, allowed_mime_types, created_at, updated_at";

/** The characters that Storage accepts in the name of a bucket: those of a key, without slashes. */
const BUCKET_NAME = /^[A-Za-z0-9_!.*'() &$=@;:+,?-]{1,100}$/;

function isBucketName(name: string): boolean {
  return BUCKET_NAME.test(name) && name.trim() === name;
}

/** A type, a group such as `image/*`, or all. Parameters may follow. */
const MIME_TYPE = /^(?:\*|[\w!#$&^.+-]+)\/(?:\*|[\w!#$&^.+-]+)(?:\s*;\s*[\w-]+=[^;]+)*$|^\*$/;

export async function createBucket(session: StorageSession, body: unknown): Promise<{ name: string }> {
  const parsed = createBucketBody.safeParse(body);
  if (!parsed.success) throw invalidRequest(z.prettifyError(parsed.error));
  const { name, allowed_mime_types: mimeTypes, public: isPublic } = parsed.data;
  if (!isBucketName(parsed.data.id ?? name) || !isBucketName(name)) throw invalidBucketName();
  const wrong = mimeTypes?.find((type) => !MIME_TYPE.test(type));
  if (wrong !== undefined) throw invalidMime(wrong);
  const limit = parseSize(parsed.data.file_size_limit ?? null);
  if (limit !== null && limit > MAX_OBJECT_BYTES) throw tooLarge();
  try {
    await session.asCaller((client) =>
      client.query(
        `insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
         values ($1, $2, $3, $4, $5)`,
        [parsed.data.id ?? name, name, isPublic, limit, mimeTypes ?? null],
      ),
    );
  } catch (error) {
    if (sqlState(error) === '23505') throw duplicateBucket();
    throw error;
  }
  return { name };
}

export async function getBucket(session: StorageSession, id: string): Promise<object> {
  const rows = await listBuckets(session, id);
  const bucket = rows[0];
  if (bucket === undefined) throw noSuchBucket();
  return bucket;
}

export async function listBuckets(session: StorageSession, id?: string): Promise<object[]> {
  const { rows } = await session.asCaller((client) =>
    client.query<{ bucket: object }>(
      `select to_json(b) as bucket
         from (select ${COLUMNS} from storage.buckets where $1::text is null or id = $1 order by name) as b`,
      [id ?? null],
    ),
  );
  return rows.map((row) => row.bucket);
}

/** Storage uses decimal units: '50MB' is 50,000,000. */
function parseSize(size: number | string | null): number | null {
  if (size === null || typeof size === 'number') return size;
  const match = /^(\d+(?:\.\d+)?)\s*(B|KB|MB|GB)?$/i.exec(size);
  const unit = UNITS[(match?.[2] ?? 'B').toUpperCase()];
  if (match?.[1] === undefined || unit === undefined) {
    throw invalidRequest(`file_size_limit '${size}' is not a size. Write a number of bytes, or e.g. '50MB'.`);
  }
  return Math.floor(Number(match[1]) * unit);
}

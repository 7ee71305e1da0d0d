import { LegisyncError, type FailureCode } from '../contract/failures.ts';
import type { Hide } from '../contract/knownSecrets.ts';
import { failureOfSqlState } from '../contract/sqlStates.ts';
import { keyRemedy } from './keyRemedy.ts';
import { unreachableHost } from './unreachable.ts';

/** What storage-js and postgrest-js report of a failure. Each field may be absent. */
interface ExternalError {
  readonly message?: unknown;
  readonly code?: unknown;
  readonly statusCode?: unknown;
  readonly status?: unknown;
  /** What `fetch` threw, in a failure that storage-js reports. */
  readonly originalError?: unknown;
}

/**
 * Maps an error of Supabase Storage.
 *
 * Storage answers most refusals with HTTP 400 and the real status as text in `statusCode`. `status`
 * counts only without a `statusCode`: then the gateway in front of Storage answered. Without
 * either, the network failed.
 *
 * @param hide removes the service key, which an answer may repeat
 */
export function storageFailure(error: ExternalError, path: string, hide: Hide): LegisyncError {
  const status = Number(error.statusCode ?? error.status ?? 0);
  const text = `Storage answered ${status === 0 ? 'nothing' : status} for ${path}: ${messageOf(error)}`;
  return failure(storageCode(status, error.code, messageOf(error)), hide(text), error);
}

/** Names the host if there was no connection, and the remedy that fits what is said of a key. */
function failure(code: FailureCode, text: string, error: ExternalError): LegisyncError {
  const unreachable = unreachableHost(error);
  if (unreachable !== undefined) {
    return new LegisyncError('SUPABASE_UNREACHABLE', `SUPABASE_URL: ${unreachable}.`, { cause: error });
  }
  const remedy = code === 'SUPABASE_CREDENTIALS' ? keyRemedy(messageOf(error)) : undefined;
  return new LegisyncError(code, text, { cause: error, ...(remedy !== undefined && { remedy }) });
}

function storageCode(status: number, code: unknown, message: string): FailureCode {
  // The key names a role that does not exist. Storage answers with HTTP 500.
  if (code === 'DatabaseError' && message.includes('code: 22023')) return 'SUPABASE_CREDENTIALS';
  // 403 is a key of another role, too: row-level security hides the bucket from it.
  if (code === 'InvalidJWT' || status === 401 || status === 403) return 'SUPABASE_CREDENTIALS';
  // Every document is JSON, so a bucket that refuses the type refuses all of them. 404: no bucket.
  if (code === 'InvalidMimeType' || status === 404 || status === 415) return 'STORAGE_REFUSED';
  // Too large, or a key that Storage does not accept.
  if (status === 400 || status === 413) return 'DOCUMENT_REFUSED';
  return 'STORAGE_BUSY';
}

/**
 * Maps an error of an RPC through PostgREST, by its SQLSTATE or `PGRST…` code. Without a code, a
 * gateway in front of PostgREST answered, or the network failed.
 *
 * @param hide removes the service key, which an answer may repeat
 */
export function databaseFailure(error: ExternalError, status: number, fn: string, hide: Hide): LegisyncError {
  const code = typeof error.code === 'string' ? error.code : '';
  const answer = status === 0 ? 'no answer' : `HTTP ${status}`;
  const text = `${fn} failed (${code === '' ? answer : code}): ${messageOf(error)}`;
  return failure(databaseCode(code, status, fn), hide(text), error);
}

/** The functions that write into `files_queue`, the one table that belongs to the team. */
const WRITES_QUEUE: ReadonlySet<string> = new Set([
  'legisync_enqueue_documents',
  'legisync_backfill_chunk',
  'legisync_repair_dangling',
  'legisync_repair_stale',
]);

function databaseCode(code: string, status: number, fn: string): FailureCode {
  // PGRST3: the JWT is invalid or has expired. 401 with an SQLSTATE: the key names a role that does
  // not exist (22023), or is the anonymous one (42501; other roles get 403).
  if (code.startsWith('PGRST3') || status === 401 || (code === '' && status === 403)) {
    return 'SUPABASE_CREDENTIALS';
  }
  // A function or table that PostgREST's cache does not know.
  if (['PGRST202', 'PGRST204', 'PGRST205'].includes(code)) return 'SCHEMA_MISSING';
  // PGRST00: PostgREST has no connection to the database.
  if (code === '' || code.startsWith('PGRST00')) return 'DATABASE_BUSY';
  return failureOfSqlState(code, WRITES_QUEUE.has(fn) ? 'queue function' : 'function') ?? 'INTERNAL';
}

function messageOf(error: ExternalError): string {
  return typeof error.message === 'string' && error.message !== '' ? error.message : 'no message';
}

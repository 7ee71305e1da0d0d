import { LegisyncError, type FailureCode } from '../contract/failures.ts';

/** What storage-js and postgrest-js say of a failure; every field may be absent. */
interface OutsideError {
  readonly message?: unknown;
  readonly code?: unknown;
  readonly statusCode?: unknown;
  readonly status?: unknown;
}

/**
 * Maps an error of Supabase Storage.
 *
 * Storage answers most refusals with HTTP 400 and the real status as text in `statusCode`, so `status` is only looked
 * at where there is no `statusCode` (an answer of the gateway in front). No status at all: the network.
 */
export function storageFailure(error: OutsideError, path: string): LegisyncError {
  const status = Number(error.statusCode ?? error.status ?? 0);
  const text = `Storage answered ${status === 0 ? 'nothing' : status} for ${path}: ${messageOf(error)}`;
  return new LegisyncError(storageCode(status, error.code), text, { cause: error });
}

function storageCode(status: number, code: unknown): FailureCode {
  // Every document of ours is JSON: a type that is refused is a setting of the bucket, and refuses them all.
  if (code === 'InvalidMimeType' || [401, 403, 404, 415].includes(status)) return 'STORAGE_REFUSED';
  // Too large, or a key that Storage does not take.
  if (status === 400 || status === 413) return 'DOCUMENT_REFUSED';
  return 'STORAGE_BUSY';
}

/**
 * Maps an error of an RPC through PostgREST, by its SQLSTATE or `PGRST…` code; without one, the answer came from
 * something in front of PostgREST, or there was none.
 */
export function databaseFailure(error: OutsideError, status: number, fn: string): LegisyncError {
  const code = typeof error.code === 'string' ? error.code : '';
  const text = `${fn} failed (${code === '' ? `HTTP ${status}` : code}): ${messageOf(error)}`;
  return new LegisyncError(databaseCode(code, status, fn), text, { cause: error });
}

/** The functions that write into the one table that is not ours. */
const WRITES_QUEUE: ReadonlySet<string> = new Set([
  'legisync_enqueue_documents',
  'legisync_backfill_chunk',
  'legisync_repair_dangling',
  'legisync_repair_stale',
]);

/**
 * `invalid_parameter_value`: how each function of ours refuses a parameter that is missing or out
 * of bounds.
 */
const INVALID_PARAMETER = '22023';

function databaseCode(code: string, status: number, fn: string): FailureCode {
  // In a table that is not ours, a value that does not fit (class 22) or breaks a rule (23), a
  // column that is not there, has another type, or is generated, and what a trigger raises, are
  // that table's. A parameter that we refuse is not.
  if (WRITES_QUEUE.has(fn) && /^(22|23|42703|42804|428C9|P0001)/.test(code) && code !== INVALID_PARAMETER)
    return 'QUEUE_INCOMPATIBLE';
  // Raised by a function of ours that was given a name of something that is not there.
  if (code === 'P0002') return 'CONFIG_INVALID';
  if (code === '57014') return 'DATABASE_TIMEOUT';
  if (['42P01', '42883', '42703', '3F000', 'PGRST202', 'PGRST204', 'PGRST205'].includes(code))
    return 'SCHEMA_MISSING';
  // A key that names a role which is not there gives 401 with 22023.
  if (code === '42501' || code.startsWith('PGRST3') || status === 401 || status === 403) {
    return 'DATABASE_REFUSED';
  }
  if (code === '' || /^(08|40|53|57|55P03|25006|XX|PGRST00)/.test(code)) return 'DATABASE_BUSY';
  return 'INTERNAL';
}

function messageOf(error: OutsideError): string {
  return typeof error.message === 'string' && error.message !== '' ? error.message : 'no message';
}

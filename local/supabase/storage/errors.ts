import { errors as jose } from 'jose';
import { isConnectionLoss, isPoolTimeout, sqlState } from '../database.ts';

/**
 * An error in Storage's form. Most have HTTP status 400; the meaningful number is `statusCode`, a
 * string in the body.
 */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly httpStatus: number;
  readonly statusCode: string;
  readonly code: string;
  readonly error: string;

  constructor(httpStatus: number, statusCode: string, code: string, error: string, message: string) {
    super(message);
    this.httpStatus = httpStatus;
    this.statusCode = statusCode;
    this.code = code;
    this.error = error;
  }

  body(): Record<string, string> {
    return { statusCode: this.statusCode, error: this.error, message: this.message, code: this.code };
  }
}

export const duplicateObject = (): StorageError =>
  new StorageError(400, '409', 'KeyAlreadyExists', 'Duplicate', 'The resource already exists');
export const duplicateBucket = (): StorageError =>
  new StorageError(400, '409', 'BucketAlreadyExists', 'Duplicate', 'The resource already exists');
export const tooLarge = (): StorageError =>
  new StorageError(
    400,
    '413',
    'EntityTooLarge',
    'Payload too large',
    'The object exceeded the maximum allowed size',
  );
export const invalidMime = (type: string): StorageError =>
  new StorageError(400, '415', 'InvalidMimeType', 'invalid_mime_type', `mime type ${type} is not supported`);
export const noSuchBucket = (): StorageError =>
  new StorageError(400, '404', 'NoSuchBucket', 'Bucket not found', 'Bucket not found');
export const noSuchObject = (): StorageError =>
  new StorageError(400, '404', 'NoSuchKey', 'not_found', 'Object not found');
export const invalidBucketName = (): StorageError =>
  new StorageError(400, '400', 'InvalidBucketName', 'Invalid Input', 'Bucket name invalid');
export const invalidKey = (key: string): StorageError =>
  new StorageError(400, '400', 'InvalidKey', 'InvalidKey', `Invalid key: ${key}`);
export const invalidRequest = (message: string): StorageError =>
  new StorageError(400, '400', 'InvalidRequest', 'invalid_request', message);
const accessDenied = (message: string): StorageError =>
  new StorageError(400, '403', 'AccessDenied', 'Unauthorized', message);

/** Storage's answer to any other error. */
export function toStorageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  // Storage verifies with jose too, so the message is jose's.
  if (error instanceof jose.JOSEError) return accessDenied(error.message);
  if (isInvalidType(error)) return invalidMime('of this request');
  if (isPoolTimeout(error)) return timedOut();
  const state = sqlState(error);
  if (state === undefined || isConnectionLoss(error)) {
    return new StorageError(500, '500', 'InternalError', 'Internal', 'Internal Server Error');
  }
  switch (state) {
    case '42501':
      return accessDenied('new row violates row-level security policy');
    case '23503':
      return noSuchBucket();
    case '55P03':
      return new StorageError(
        ...([400, '503', 'LockTimeout', 'acquiring_lock_timeout'] as const),
        'acquiring lock timeout',
      );
    case '57014':
      return timedOut();
    case '25006':
      return new StorageError(
        ...([400, '503', 'DatabaseReadOnly', 'DatabaseReadOnly'] as const),
        'The database is currently in read-only mode. Disk space may be exhausted.',
      );
    case '53300':
      return new StorageError(
        ...([429, '429', 'SlowDown', 'too_many_connections'] as const),
        'Too many connections issued to the database',
      );
    default:
      return new StorageError(500, '500', 'DatabaseError', 'DatabaseError', `database error, code: ${state}`);
  }
}

/** The server refuses a content type without a subtype before it reads the body. */
function isInvalidType(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE';
}

/** 544 is Storage's own status for a time-out. */
function timedOut(): StorageError {
  return new StorageError(
    ...([544, '544', 'DatabaseTimeout', 'DatabaseTimeout'] as const),
    'The connection to the database timed out',
  );
}

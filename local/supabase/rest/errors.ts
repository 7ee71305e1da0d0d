import { DatabaseError } from 'pg';
import { errors as jose } from 'jose';
import { isConnectionLoss, isPoolTimeout } from '../database.ts';

/** An error in PostgREST's form: the four fields of the body, and the HTTP status. */
export class RestError extends Error {
  override readonly name = 'RestError';
  readonly status: number;
  readonly code: string;
  readonly details: string | null;
  readonly hint: string | null;

  constructor(
    status: number,
    code: string,
    message: string,
    details: string | null = null,
    hint: string | null = null,
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
    this.hint = hint;
  }

  body(): Record<string, string | null> {
    return { code: this.code, details: this.details, hint: this.hint, message: this.message };
  }
}

/**
 * PostgREST's answer to any other error. `role` is the caller's role: anon gets 401 instead of 403.
 */
export function toRestError(error: unknown, role: string): RestError {
  if (error instanceof RestError) return error;
  if (error instanceof jose.JWTExpired) return new RestError(401, 'PGRST303', 'JWT expired');
  if (error instanceof jose.JWSSignatureVerificationFailed) {
    return new RestError(401, 'PGRST301', 'No suitable key or wrong key type');
  }
  if (error instanceof jose.JOSEError) return new RestError(401, 'PGRST301', error.message);
  if (error instanceof DatabaseError) {
    const { code = 'XX000', message, detail, hint } = error;
    return new RestError(statusOf(code, message, role), code, message, detail ?? null, hint ?? null);
  }
  if (isPoolTimeout(error)) {
    return new RestError(504, 'PGRST003', 'Timed out acquiring connection from connection pool.');
  }
  if (isConnectionLoss(error)) {
    return new RestError(503, 'PGRST001', 'Database client error. Retrying the connection.');
  }
  return new RestError(500, 'PGRSTX00', error instanceof Error ? error.message : String(error));
}

/** PostgREST's mapping from SQLSTATE to HTTP status: exact codes before classes. */
function statusOf(code: string, message: string, role: string): number {
  switch (code) {
    case '42501':
      return role === 'anon' ? 401 : 403;
    case '23503':
    case '23505':
      return 409;
    case '25006':
      return 405;
    case '42883':
    case '42P01':
      return 404;
    case '57P01':
      return 503;
    case '53400':
      return 500;
    case '21000':
      // The guard against an UPDATE without WHERE uses this code too.
      return message.includes('requires a WHERE clause') ? 400 : 500;
    case '22023':
      return /^role ".*" does not exist$/.test(message) ? 401 : 400;
    case 'P0001':
      return 400;
  }
  const raised = /^PT(\d{3})$/.exec(code);
  if (raised !== null) return Number(raised[1]);
  const byClass: Readonly<Record<string, number>> = {
    '08': 503,
    '53': 503,
    '40': 500,
    '54': 500,
    '55': 500,
    '57': 500,
  };
  return byClass[code.slice(0, 2)] ?? (code.startsWith('P0') || code.startsWith('XX') ? 500 : 400);
}

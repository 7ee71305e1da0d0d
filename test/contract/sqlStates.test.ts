import type { FailureCode } from '../../src/contract/failures.ts';
import { failureOfSqlState, type SqlOrigin } from '../../src/contract/sqlStates.ts';

const ORIGINS = ['function', 'queue function', 'migration', 'connection'] as const;

type Expected = FailureCode | undefined;

describe('an SQLSTATE', () => {
  it.each<[state: string, what: string, code: FailureCode]>([
    ['08006', 'a lost connection', 'DATABASE_BUSY'],
    ['40P01', 'a deadlock', 'DATABASE_BUSY'],
    ['53300', 'too many connections', 'DATABASE_BUSY'],
    ['57P01', 'a shutdown', 'DATABASE_BUSY'],
    ['55P03', 'a lock timeout', 'DATABASE_BUSY'],
    ['25006', 'a read-only database', 'DATABASE_BUSY'],
    ['XX000', 'an internal error', 'DATABASE_BUSY'],
    ['57014', 'a statement timeout', 'DATABASE_TIMEOUT'],
    ['42501', 'a missing right', 'DATABASE_REFUSED'],
    ['28P01', 'a wrong password', 'DATABASE_REFUSED'],
  ])('%s, %s, means the same whatever raised it', (state, _what, code) => {
    expect(ORIGINS.map((origin) => failureOfSqlState(state, origin))).toEqual(ORIGINS.map(() => code));
  });

  it.each<[state: string, what: string, codes: Partial<Record<SqlOrigin, FailureCode>>]>([
    ['23514', 'a broken rule', { 'queue function': 'QUEUE_INCOMPATIBLE' }],
    ['22001', 'a value that is too long', { 'queue function': 'QUEUE_INCOMPATIBLE' }],
    ['42804', 'a column of another type', { 'queue function': 'QUEUE_INCOMPATIBLE' }],
    ['428C9', 'a generated column', { 'queue function': 'QUEUE_INCOMPATIBLE' }],
    [
      'P0001',
      'a text raised by hand',
      { 'queue function': 'QUEUE_INCOMPATIBLE', migration: 'QUEUE_INCOMPATIBLE' },
    ],
    ['42703', 'a missing column', { function: 'SCHEMA_MISSING', 'queue function': 'QUEUE_INCOMPATIBLE' }],
    ['42883', 'a missing function', { function: 'SCHEMA_MISSING', 'queue function': 'SCHEMA_MISSING' }],
    [
      'P0002',
      'a name that does not exist',
      { function: 'CONFIG_INVALID', 'queue function': 'CONFIG_INVALID' },
    ],
    [
      '3D000',
      'a database that does not exist',
      { connection: 'CONFIG_INVALID', migration: 'DATABASE_INCOMPATIBLE' },
    ],
    // A wrong parameter is a bug of the caller, not of files_queue.
    ['22023', 'a refused parameter', {}],
    ['42P07', 'a name that is taken', {}],
    ['42704', 'a role that does not exist', {}],
    ['0A000', 'what the server does not support', {}],
  ])('%s, %s, depends on what raised it', (state, _what, codes) => {
    // Migrations fit a Supabase project: what stops one is in the database, and not a bug.
    const all = { migration: 'DATABASE_INCOMPATIBLE', ...codes } as const;
    const expected: Expected[] = ORIGINS.map((origin) => all[origin]);
    expect(ORIGINS.map((origin) => failureOfSqlState(state, origin))).toEqual(expected);
  });

  it('42601, a syntax error, is a bug whatever raised it', () => {
    expect(ORIGINS.map((origin) => failureOfSqlState('42601', origin))).toEqual(ORIGINS.map(() => undefined));
  });
});

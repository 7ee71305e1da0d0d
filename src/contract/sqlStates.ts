import type { FailureCode } from './failures.ts';

/**
 * What raised an SQLSTATE: a function of the API, a function of the API that writes into
 * `files_queue`, a migration, or the attempt to connect.
 */
export type SqlOrigin = 'function' | 'queue function' | 'migration' | 'connection';

interface SqlStateRule {
  readonly states: RegExp;
  /** All origins, if absent. */
  readonly of?: readonly SqlOrigin[];
  readonly code: FailureCode;
}

/**
 * The first rule that matches decides (PostgreSQL documentation, appendix A).
 *
 * - `files_queue` belongs to the team. A value that does not fit (class 22) or breaks a rule (23),
 *   a column that is missing (42703), of another type (42804) or generated (428C9), and what a
 *   trigger raises (P0001) are that table's. Not 22023: with it, each function refuses a wrong
 *   parameter.
 * - A migration raises P0001 when `files_queue` lacks something.
 * - P0002 is raised by `check_bucket`: a name in the settings does not exist.
 * - A missing table, function, column or schema means that migrations are missing. Not while they
 *   are applied: they fit a Supabase project, so the database is another one. Only a syntax error
 *   (42601) is a bug there.
 * - 28: wrong password, or a role that may not log in. 42501: a missing right.
 * - 08: the connection failed. 40: deadlock or serialisation. 53: resources. 57P0x: shutdown.
 *   55P03: lock timeout. 25006: read-only, as during a failover. XX: the server's own fault.
 */
const RULES: readonly SqlStateRule[] = [
  { states: /^(22(?!023)|23|42703|42804|428C9|P0001)/, of: ['queue function'], code: 'QUEUE_INCOMPATIBLE' },
  { states: /^P0001/, of: ['migration'], code: 'QUEUE_INCOMPATIBLE' },
  { states: /^P0002/, of: ['function', 'queue function'], code: 'CONFIG_INVALID' },
  { states: /^3D000/, of: ['connection'], code: 'CONFIG_INVALID' },
  {
    states: /^(42P01|42883|42703|3F000)/,
    of: ['function', 'queue function'],
    code: 'SCHEMA_MISSING',
  },
  { states: /^57014/, code: 'DATABASE_TIMEOUT' },
  { states: /^(28|42501)/, code: 'DATABASE_REFUSED' },
  { states: /^(08|40|53|57|55P03|25006|XX)/, code: 'DATABASE_BUSY' },
  { states: /^(?!42601)/, of: ['migration'], code: 'DATABASE_INCOMPATIBLE' },
];

/**
 * The failure that an SQLSTATE means.
 *
 * @returns undefined for every other SQLSTATE: on a connection an outage, elsewhere a bug
 */
export function failureOfSqlState(sqlState: string, origin: SqlOrigin): FailureCode | undefined {
  return RULES.find(({ states, of }) => states.test(sqlState) && (of?.includes(origin) ?? true))?.code;
}

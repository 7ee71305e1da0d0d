import { escapeIdentifier as quote } from 'pg';
import { assertSingle } from './answer.ts';
import type { RestAnswer } from './answer.ts';
import { RestError } from './errors.ts';
import type { Preferences } from './preferences.ts';
import { UnsupportedQuery, nameList, selectList, whereClause } from './query.ts';
import { findRelation, typeOf } from './relation.ts';
import type { Relation } from './relation.ts';
import { runRequest } from './session.ts';
import type { RestRequest } from './session.ts';

export interface Write {
  readonly request: RestRequest;
  readonly table: string;
  readonly query: URLSearchParams;
  readonly prefer: Preferences;
  /**
   * The caller requested one object: if the number of rows is not one, nothing is written and the
   * answer is an error.
   */
  readonly single: boolean;
}

interface WriteRow {
  readonly body: string;
  readonly rows: number;
  readonly inserted: number;
}

const VOLATILE = { readOnly: false, hoisted: [] };

/**
 * POST on a table: insert, or with `resolution` an upsert on the columns of `on_conflict` (default:
 * the primary key).
 */
export async function insertRows(
  write: Write,
  rows: readonly Record<string, unknown>[],
): Promise<RestAnswer> {
  const { request, table, query, prefer } = write;
  if (prefer.missingDefault) throw new UnsupportedQuery('Prefer: missing=default');
  const columns = insertColumns(query, rows);
  return runRequest(
    request,
    (client) => findRelation(client, table),
    () => VOLATILE,
    async (client, relation) => {
      const types = columns.map((column) => `${quote(column)} ${typeOf(relation, column)}`);
      if (rows.length === 0) return insertAnswer(write, { body: '[]', rows: 0, inserted: 0 });
      if (columns.length === 0) throw new UnsupportedQuery('rows without columns');
      const names = columns.map(quote).join(', ');
      // xmax is 0 in a new row, and a transaction id in a row that ON CONFLICT has changed.
      const inserted = prefer.resolution === 'merge' ? 'xmax = 0' : 'true';
      const returning = prefer.representation ? `${selectList(query)}, ` : '';
      const sql = `with pgrst_source as (
          insert into public.${quote(table)} (${names})
          select ${names} from json_to_recordset($1::json) as _(${types.join(', ')})
          ${conflictClause(relation, query, prefer, columns)}
          returning ${returning}${inserted} as pgrst_inserted)
        ${summary(prefer.representation)}`;
      const result = await client.query<WriteRow>(sql, [JSON.stringify(rows)]);
      return insertAnswer(write, result.rows[0]);
    },
  );
}

/** PATCH on a table: the same new values for every row that matches the filters. */
export async function updateRows(
  write: Write,
  changes: Readonly<Record<string, unknown>>,
): Promise<RestAnswer> {
  const { request, table, query, prefer } = write;
  const where = whereClause(query, 2);
  // The hosted API's login loads an extension that refuses this.
  if (where.sql === '') throw new RestError(400, '21000', 'UPDATE requires a WHERE clause');
  const columns = query.has('columns') ? nameList(query.get('columns') ?? '') : Object.keys(changes);
  return runRequest(
    request,
    (client) => findRelation(client, table),
    () => VOLATILE,
    async (client, relation) => {
      const types = columns.map((column) => `${quote(column)} ${typeOf(relation, column)}`).join(', ');
      if (columns.length === 0) return updateAnswer(write, { body: '[]', rows: 0, inserted: 0 });
      const target = `(${columns.map(quote).join(', ')})`;
      const source = `(select ${columns.map(quote).join(', ')} from json_to_record($1::json) as _(${types}))`;
      const returning = prefer.representation ? `${selectList(query)}, ` : '';
      const sql = `with pgrst_source as (
          update public.${quote(table)} set ${target} = ${source} ${where.sql}
          returning ${returning}false as pgrst_inserted)
        ${summary(prefer.representation)}`;
      const result = await client.query<WriteRow>(sql, [JSON.stringify(changes), ...where.values]);
      return updateAnswer(write, result.rows[0]);
    },
  );
}

/**
 * The names in `columns`, or else the keys of the first row. In the second case all rows must have
 * the same keys, because a set of rows has one list of columns. With `columns`, a missing key of a
 * row becomes NULL, not the column's default.
 */
function insertColumns(query: URLSearchParams, rows: readonly Record<string, unknown>[]): string[] {
  const columns = query.get('columns');
  if (columns !== null && columns !== '') return nameList(columns);
  const keys = Object.keys(rows[0] ?? {});
  const same = rows.every(
    (row) => Object.keys(row).length === keys.length && keys.every((key) => Object.hasOwn(row, key)),
  );
  if (!same) throw new RestError(400, 'PGRST102', 'All object keys must match');
  return keys;
}

function conflictClause(
  relation: Relation,
  query: URLSearchParams,
  { resolution }: Preferences,
  columns: readonly string[],
): string {
  if (resolution === undefined) return '';
  const asked = query.get('on_conflict');
  const target = asked === null ? relation.primaryKey : nameList(asked);
  if (target.length === 0) return '';
  const on = `on conflict (${target.map(quote).join(', ')})`;
  if (resolution === 'ignore') return `${on} do nothing`;
  return `${on} do update set ${columns.map((column) => `${quote(column)} = excluded.${quote(column)}`).join(', ')}`;
}

/** Counts the written rows and, if requested, returns them without the helper column. */
function summary(representation: boolean): string {
  const body = representation ? `coalesce(json_agg(to_jsonb(t) - 'pgrst_inserted'), '[]')::text` : `''`;
  return `select ${body} as body, count(*)::int as rows, (count(*) filter (where pgrst_inserted))::int as inserted
    from pgrst_source as t`;
}

function insertAnswer({ prefer, single }: Write, row?: WriteRow): RestAnswer {
  const { body, rows, inserted } = row ?? { body: '[]', rows: 0, inserted: 0 };
  if (single && prefer.representation) assertSingle(rows);
  return {
    status: prefer.resolution === 'merge' && inserted === 0 ? 200 : 201,
    body: prefer.representation ? body : undefined,
    rows,
    contentRange: `*/${prefer.count ? rows : '*'}`,
  };
}

function updateAnswer({ prefer, single }: Write, row?: WriteRow): RestAnswer {
  const { body, rows } = row ?? { body: '[]', rows: 0 };
  if (single && prefer.representation) assertSingle(rows);
  return {
    status: prefer.representation ? 200 : 204,
    body: prefer.representation ? body : undefined,
    rows,
    contentRange: `${rows === 0 ? '*' : `0-${rows - 1}`}/${prefer.count ? rows : '*'}`,
  };
}

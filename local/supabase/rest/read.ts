import { escapeIdentifier as quote } from 'pg';
import { RestError } from './errors.ts';
import { orderClause, rowWindow, selectList, whereClause } from './query.ts';
import { findRelation } from './relation.ts';
import type { RestAnswer } from './answer.ts';
import { runRequest } from './session.ts';
import type { RestRequest } from './session.ts';

/** GET and HEAD on a table. `count`: also count all rows that match the filters, exactly. */
export async function readRows(
  request: RestRequest,
  table: string,
  query: URLSearchParams,
  count: boolean,
): Promise<RestAnswer> {
  const where = whereClause(query);
  const { limit, offset } = rowWindow(query);
  const from = `from public.${quote(table)} ${where.sql}`;
  const sql = `with pgrst_source as (select ${selectList(query)} ${from} ${orderClause(query)} limit ${limit} offset ${offset})
    select coalesce(json_agg(t), '[]')::text as body, count(*)::int as rows,
           ${count ? `(select count(*)::int ${from})` : 'null::int'} as total
      from pgrst_source as t`;
  return runRequest(
    request,
    (client) => findRelation(client, table),
    () => ({ readOnly: true, hoisted: [] }),
    async (client) => {
      const result = await client.query<{ body: string; rows: number; total: number | null }>(sql, [
        ...where.values,
      ]);
      const { body, rows, total } = result.rows[0] ?? { body: '[]', rows: 0, total: null };
      if (total !== null && offset > total) {
        throw new RestError(
          ...([416, 'PGRST103', 'Requested range not satisfiable'] as const),
          `An offset of ${offset} was requested, but there are only ${total} rows.`,
        );
      }
      const range = rows === 0 ? '*' : `${offset}-${offset + rows - 1}`;
      return {
        status: total !== null && rows < total ? 206 : 200,
        body,
        rows,
        contentRange: `${range}/${total ?? '*'}`,
      };
    },
  );
}

import type { PoolClient } from 'pg';
import { RestError } from './errors.ts';

/** A table or view of schema `public`. */
export interface Relation {
  readonly name: string;
  /** SQL type of each column. */
  readonly types: ReadonlyMap<string, string>;
  readonly primaryKey: readonly string[];
}

export async function findRelation(client: PoolClient, name: string): Promise<Relation> {
  const { rows } = await client.query<{ column: string; type: string; key: boolean }>(
    `select a.attname as column, format_type(a.atttypid, a.atttypmod) as type,
            coalesce(a.attnum = any(i.indkey), false) as key
       from pg_class as c
       join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       left join pg_index as i on i.indrelid = c.oid and i.indisprimary
      where c.relnamespace = 'public'::regnamespace and c.relname = $1 and c.relkind in ('r', 'v', 'm', 'f', 'p')
      order by a.attnum`,
    [name],
  );
  if (rows.length === 0) {
    throw new RestError(404, 'PGRST205', `Could not find the table 'public.${name}' in the schema cache`);
  }
  return {
    name,
    types: new Map(rows.map(({ column, type }) => [column, type])),
    primaryKey: rows.filter(({ key }) => key).map(({ column }) => column),
  };
}

/** The type of a column. Throws if the column does not exist. */
export function typeOf(relation: Relation, column: string): string {
  const type = relation.types.get(column);
  if (type !== undefined) return type;
  throw new RestError(
    ...([400, 'PGRST204'] as const),
    `Could not find the '${column}' column of '${relation.name}' in the schema cache`,
  );
}

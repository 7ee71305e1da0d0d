import type { Client } from 'pg';

/**
 * Drops the indexes of a table, calls `fill`, and creates the same indexes again: building an index
 * once over millions of rows takes a fraction of the time. Foreign keys must not refer to the
 * table.
 *
 * @param client of a superuser; it keeps a larger `maintenance_work_mem`
 * @param keep indexes that are not dropped
 */
export async function withoutIndexes(
  client: Client,
  table: string,
  fill: () => Promise<unknown>,
  keep: readonly string[] = [],
): Promise<void> {
  const { rows } = await client.query<{ drop: string; make: string }>(
    `select case when c.oid is null then format('drop index %s', i.indexrelid::regclass)
                 else format('alter table %s drop constraint %I', i.indrelid::regclass, c.conname) end as drop,
            case when c.oid is null then pg_get_indexdef(i.indexrelid)
                 else format('alter table %s add constraint %I %s', i.indrelid::regclass, c.conname,
                             pg_get_constraintdef(c.oid)) end as make
       from pg_index i
       left join pg_constraint c on c.conindid = i.indexrelid and c.contype in ('p', 'u')
      where i.indrelid = $1::regclass and i.indexrelid::regclass::text <> all ($2)`,
    [table, keep],
  );
  await client.query(`set maintenance_work_mem = '512MB'`);
  for (const { drop } of rows) await client.query(drop);
  await fill();
  for (const { make } of rows) await client.query(make);
}

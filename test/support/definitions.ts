import type { SupabaseStack } from './supabase.ts';

/**
 * All definitions in our two schemas, as text, with owners and rights. Unlike tools/sql/catalogue
 * it also reads what legisync itself never makes but teams do (policies, sequences), and
 * `relfilenode`, which changes if PostgreSQL rewrites a table.
 */
const DEFINITIONS = `
  with ours as (select oid, nspname, nspacl, nspowner from pg_namespace where nspname in ('public', 'legisync')),
  relations as (select c.* from pg_class c join ours on ours.oid = c.relnamespace)
  select 'schema ' || nspname as name, concat_ws(' ', nspowner::regrole, nspacl) as definition from ours
  union all
  select 'function ' || p.oid::regprocedure, concat_ws(' ', pg_get_functiondef(p.oid), p.proowner::regrole, p.proacl)
    from pg_proc p join ours on ours.oid = p.pronamespace
  union all
  select 'relation ' || oid::regclass,
         concat_ws(' ', relkind, relowner::regrole, relacl, relrowsecurity, relforcerowsecurity, relfilenode)
    from relations
  union all
  select format('column %s.%s', c.oid::regclass, a.attname),
         concat_ws(' ', a.attnum, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attacl,
                   pg_get_expr(d.adbin, d.adrelid))
    from relations c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relkind <> 'i'
  union all
  select format('constraint %s on %s', k.conname, c.oid::regclass), pg_get_constraintdef(k.oid)
    from relations c join pg_constraint k on k.conrelid = c.oid
  union all
  select 'index ' || i.indexrelid::regclass, pg_get_indexdef(i.indexrelid)
    from relations c join pg_index i on i.indrelid = c.oid
  union all
  select format('trigger %s on %s', t.tgname, c.oid::regclass), concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled)
    from relations c join pg_trigger t on t.tgrelid = c.oid
  union all
  select format('policy %s on %s', p.polname, c.oid::regclass),
         concat_ws(' ', p.polcmd, p.polroles::text, pg_get_expr(p.polqual, c.oid), pg_get_expr(p.polwithcheck, c.oid))
    from relations c join pg_policy p on p.polrelid = c.oid
  order by 1`;

/** The definitions in `public` and `legisync`, by name. Equal before and after: nothing changed. */
export async function definitions(stack: SupabaseStack): Promise<ReadonlyMap<string, string>> {
  const rows = await stack.sql<{ name: string; definition: string }>(DEFINITIONS);
  return new Map(rows.map(({ name, definition }) => [name, definition]));
}

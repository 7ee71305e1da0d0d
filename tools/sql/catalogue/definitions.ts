import { DEFINITION } from './model.ts';

const fact = `'${DEFINITION}'`;

/** The definition of each object. Columns and constraints of tables: see COLUMNS, CONSTRAINTS. */
export const DEFINITIONS = `
  select o.kind, o.name, ${fact} as fact, false as element, 0 as position,
         format('create schema if not exists %s;', o.name) as sql
    from objects o where o.kind = 'schema'
  union all
  select o.kind, o.name, ${fact}, false, 0, case when t.typtype = 'e'
         then format('create type %s as enum (%s);', o.name, (
           select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder)
             from pg_enum e where e.enumtypid = t.oid))
         else format(E'create type %s as (\\n%s\\n);', o.name, (
           select string_agg(format('  %I %s', a.attname, format_type(a.atttypid, a.atttypmod)), E',\\n' order by a.attnum)
             from pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped)) end
    from objects o join pg_type t on t.oid = o.oid where o.kind = 'type'
  union all
  select o.kind, o.name, ${fact}, false, 0,
         format('create %stable %s', case c.relpersistence when 'u' then 'unlogged ' else '' end, o.name)
    from objects o join pg_class c on c.oid = o.oid where o.kind = 'table'
  union all
  select o.kind, o.name, ${fact}, false, 0, format(E'create view %s%s as\\n%s', o.name,
         ' with (' || array_to_string(c.reloptions, ', ') || ')', pg_get_viewdef(o.oid, true))
    from objects o join pg_class c on c.oid = o.oid where o.kind = 'view'
  union all
  select o.kind, o.name, ${fact}, false, 0, rtrim(pg_get_functiondef(o.oid), E'\\n') || ';'
    from objects o where o.kind = 'function'
  union all
  select o.kind, o.name, ${fact}, false, 0, pg_get_triggerdef(o.oid, true) || ';'
    from objects o where o.kind = 'trigger'`;

/** `kind, name, signature`: see DatabaseObject.signature. */
export const SIGNATURES = `
  select o.kind, o.name, array[p.prokind::text, pg_get_function_identity_arguments(o.oid),
         coalesce(pg_get_function_result(o.oid), '')] || array_fill('default'::text, array[p.pronargdefaults::integer])
         as signature
    from objects o join pg_proc p on p.oid = o.oid where o.kind = 'function'
  union all
  select o.kind, o.name, array_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod),
         nullif(a.attcollation, 0)::regcollation) order by a.attnum)
    from objects o join pg_attribute a on a.attrelid = o.oid and a.attnum > 0
    where o.kind = 'view'
    group by o.kind, o.name`;

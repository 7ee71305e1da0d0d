import { SCHEMAS } from './model.ts';

/**
 * Common table expressions for the queries of this folder. `objects` has one row for each described
 * object, with its owner, and with its rights as PostgreSQL applies them (a null ACL means the
 * default).
 */
export const OBJECTS = `
  spaces as (select * from pg_namespace where nspname in (${SCHEMAS.map((name) => `'${name}'`).join(', ')})),
  objects (classid, oid, kind, name, owner, acl) as (
    select 'pg_namespace'::regclass::oid, oid, 'schema', quote_ident(nspname), nspowner,
           coalesce(nspacl, acldefault('n', nspowner))
      from spaces
    union all
    select 'pg_type'::regclass, t.oid, 'type', format('%I.%I', s.nspname, t.typname), t.typowner,
           coalesce(t.typacl, acldefault('T', t.typowner))
      from spaces s join pg_type t on t.typnamespace = s.oid left join pg_class c on c.oid = t.typrelid
      where t.typtype = 'e' or c.relkind = 'c'
    union all
    select 'pg_class'::regclass, c.oid, case c.relkind when 'r' then 'table' else 'view' end,
           format('%I.%I', s.nspname, c.relname), c.relowner, coalesce(c.relacl, acldefault('r', c.relowner))
      from spaces s join pg_class c on c.relnamespace = s.oid
      where c.relkind in ('r', 'v')
    union all
    select 'pg_proc'::regclass, p.oid, 'function', p.oid::regprocedure::text, p.proowner,
           coalesce(p.proacl, acldefault('f', p.proowner))
      from spaces s join pg_proc p on p.pronamespace = s.oid
      where p.prokind in ('f', 'p')
    union all
    select 'pg_trigger'::regclass, t.oid, 'trigger', format('%I on %I.%I', t.tgname, s.nspname, c.relname), null, null
      from spaces s join pg_class c on c.relnamespace = s.oid join pg_trigger t on t.tgrelid = c.oid
      where not t.tgisinternal)`;

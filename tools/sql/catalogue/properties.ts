/** Further properties of an object: states, comments, owners. Rights: see rights.ts. */
export const PROPERTIES = `
  select o.kind, o.name, 'enabled' as fact, false as element, 10 as position,
         format('alter table %s %s trigger %I;', t.tgrelid::regclass, case t.tgenabled
           when 'D' then 'disable' when 'A' then 'enable always' else 'enable replica' end, t.tgname) as sql
    from objects o join pg_trigger t on t.oid = o.oid
    where o.kind = 'trigger' and t.tgenabled <> 'O'
  union all
  select o.kind, o.name, 'comment', false, 11, format('comment on %s %s is %L;',
         case when p.prokind = 'p' then 'procedure' else o.kind end, o.name, d.description)
    from objects o join pg_description d on d.classoid = o.classid and d.objoid = o.oid and d.objsubid = 0
    left join pg_proc p on o.kind = 'function' and p.oid = o.oid
  union all
  select o.kind, o.name, 'comment on column ' || a.attname, false, 12,
         format('comment on column %s.%I is %L;', o.name, a.attname, d.description)
    from objects o join pg_description d on d.classoid = o.classid and d.objoid = o.oid and d.objsubid > 0
    join pg_attribute a on a.attrelid = o.oid and a.attnum = d.objsubid
    where o.kind in ('table', 'view')
  union all
  select o.kind, o.name, 'comment on constraint ' || k.conname, false, 13,
         format('comment on constraint %I on %s is %L;', k.conname, o.name, d.description)
    from objects o join pg_constraint k on k.conrelid = o.oid
    join pg_description d on d.classoid = 'pg_constraint'::regclass and d.objoid = k.oid
    where o.kind = 'table'
  union all
  select o.kind, o.name, 'comment on index ' || i.indexrelid::regclass, false, 14,
         format('comment on index %s is %L;', i.indexrelid::regclass, d.description)
    from objects o join pg_index i on i.indrelid = o.oid
    join pg_description d on d.classoid = 'pg_class'::regclass and d.objoid = i.indexrelid
    where o.kind = 'table'
  union all
  select o.kind, o.name, 'owner', false, 15, format('alter %s %s owner to %s;',
         case when p.prokind = 'p' then 'procedure' else o.kind end, o.name, o.owner::regrole)
    from objects o left join pg_proc p on o.kind = 'function' and p.oid = o.oid
    where o.owner is not null`;

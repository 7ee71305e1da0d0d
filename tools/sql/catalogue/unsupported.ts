/**
 * Objects and options that the other queries of this folder do not describe. The tools refuse them,
 * because they could not find a difference in them.
 */
export const UNSUPPORTED = `
  select pg_describe_object(classid, objid, 0) || details as text from (
    select 'pg_class'::regclass as classid, c.oid as objid, '' as details
      from spaces s join pg_class c on c.relnamespace = s.oid
      where c.relkind not in ('r', 'v', 'i', 'c', 'S') or c.relispartition
         or (c.relkind = 'r' and (c.reltablespace <> 0 or c.relreplident <> 'd' or c.relhassubclass))
         or exists (select from pg_class t where t.oid = c.reltoastrelid and t.reloptions is not null)
    union all
    select 'pg_class'::regclass, c.oid, ', which is not that of an identity column or has options of its own'
      from spaces s join pg_class c on c.relnamespace = s.oid join pg_sequence q on q.seqrelid = c.oid
      where q.seqstart <> 1 or q.seqincrement <> 1 or q.seqmin <> 1 or q.seqcache <> 1 or q.seqcycle or not exists (
        select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'i')
    union all
    select 'pg_class'::regclass, c.oid, format(', because column %s has storage or statistics options', a.attname)
      from spaces s join pg_class c on c.relnamespace = s.oid and c.relkind = 'r'
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      join pg_type t on t.oid = a.atttypid
      where a.attstattarget >= 0 or a.attoptions is not null or a.attcompression <> '' or a.attstorage <> t.typstorage
    union all
    select o.classid, o.oid, ', because its owner lacks rights that owners have'
      from objects o
      where exists (
        select privilege_type from aclexplode(acldefault(
            case o.kind when 'schema' then 'n' when 'type' then 'T' when 'function' then 'f' else 'r' end::"char", o.owner))
          where grantee = o.owner
        except select privilege_type from aclexplode(o.acl) where grantee = o.owner)
    union all
    select 'pg_type'::regclass, t.oid, '' from spaces s join pg_type t on t.typnamespace = s.oid
      where t.typtype not in ('c', 'e', 'b') or (t.typtype = 'b' and t.typelem = 0)
    union all
    select 'pg_proc'::regclass, p.oid, '' from spaces s join pg_proc p on p.pronamespace = s.oid
      where p.prokind not in ('f', 'p')
    union all
    select 'pg_policy'::regclass, p.oid, ''
      from spaces s join pg_class c on c.relnamespace = s.oid join pg_policy p on p.polrelid = c.oid
    union all
    select 'pg_rewrite'::regclass, r.oid, ''
      from spaces s join pg_class c on c.relnamespace = s.oid join pg_rewrite r on r.ev_class = c.oid
      where r.rulename <> '_RETURN'
    union all
    select 'pg_operator'::regclass, o.oid, '' from spaces s join pg_operator o on o.oprnamespace = s.oid
    union all
    select 'pg_collation'::regclass, c.oid, '' from spaces s join pg_collation c on c.collnamespace = s.oid
    union all
    select 'pg_statistic_ext'::regclass, x.oid, '' from spaces s join pg_statistic_ext x on x.stxnamespace = s.oid) found
  order by 1`;

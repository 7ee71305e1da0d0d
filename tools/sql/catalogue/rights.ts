import type { Fact, Grant, Kind } from './model.ts';

/**
 * `kind, name, target, grantee, privileges, grantable`: the rights of roles other than the owner.
 */
export const RIGHTS = `
  select o.kind, o.name, g.grantee, g.privileges, g.grantable,
         case when o.kind in ('table', 'view') then o.name
              when p.prokind = 'p' then 'procedure ' || o.name
              else o.kind || ' ' || o.name end as target
    from objects o left join pg_proc p on o.kind = 'function' and p.oid = o.oid
    left join lateral (
      select case a.grantee when 0 then 'public' else a.grantee::regrole::text end as grantee, a.is_grantable as grantable,
             string_agg(lower(a.privilege_type), ', ' order by a.privilege_type) as privileges
        from aclexplode(o.acl) a where a.grantee <> o.owner group by 1, 2
      union all
      select case a.grantee when 0 then 'public' else a.grantee::regrole::text end, a.is_grantable,
             format('%s (%I)', lower(a.privilege_type), c.attname)
        from pg_attribute c cross join lateral aclexplode(c.attacl) a
        where o.kind in ('table', 'view') and c.attrelid = o.oid and a.grantee <> o.owner) g on true
    where o.owner is not null
    order by o.kind, o.name, g.grantee, g.grantable, g.privileges`;

export interface RightsRow {
  readonly kind: Kind;
  readonly name: string;
  readonly target: string;
  /** This and the next two fields are null if only the owner has rights. */
  readonly grantee: string | null;
  readonly privileges: string | null;
  readonly grantable: boolean | null;
}

/** Roles that may have rights by the defaults of PostgreSQL and Supabase. */
const DEFAULT_GRANTEES = 'public, anon, authenticated, service_role';

export interface Rights {
  readonly grants: readonly Grant[];
  /** Statements that set exactly these rights, besides those of the owner. */
  readonly fact: Fact;
}

/** The rights on one object, from its rows. */
export function toRights(rows: readonly RightsRow[]): Rights | undefined {
  const target = rows[0]?.target;
  if (target === undefined) return undefined;
  const grants: Grant[] = [];
  for (const { grantee, privileges, grantable } of rows) {
    if (grantee === null || privileges === null) continue;
    const sql = `grant ${privileges} on ${target} to ${grantee}${grantable === true ? ' with grant option' : ''};`;
    grants.push({ grantee, sql });
  }
  const revoke = `revoke all on ${target} from ${DEFAULT_GRANTEES};`;
  return { grants, fact: { name: 'rights', sql: [revoke, ...grants.map(({ sql }) => sql)].join('\n') } };
}

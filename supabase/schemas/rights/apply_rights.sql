-- Sets the rights of all functions and tables, so that none can be forgotten. Only the owner may use what is in the
-- schema legisync. Only the service role may call the functions of `public` that are marked as part of legisync. Rights
-- are revoked from each role as well as from PUBLIC, because Supabase's default privileges grant to the roles. Last in
-- every migration.
do $$
declare
  f record;
begin
  revoke all on all tables in schema legisync from public, anon, authenticated, service_role;
  for f in
    select p.oid::regprocedure as name, n.nspname = 'public' as is_public, r.roles
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      cross join lateral (
        select coalesce(
          string_agg(distinct case a.grantee when 0 then 'public' else a.grantee::regrole::text end, ', '), '') as roles
          from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
          where a.grantee <> p.proowner
            and (a.grantee = 0 or a.grantee::regrole::text in ('anon', 'authenticated', 'service_role'))) r
      where (n.nspname = 'legisync' and r.roles <> '')
         or (n.nspname = 'public' and r.roles <> 'service_role'
             and obj_description(p.oid, 'pg_proc') like 'Part of legisync.%')
  loop
    execute format('revoke execute on routine %s from public, anon, authenticated, service_role', f.name);
    if f.is_public then
      execute format('grant execute on routine %s to service_role', f.name);
    end if;
  end loop;
end
$$;

-- Written by `npm run sql:migration`. To change a function, a view, a trigger or rights, edit supabase/schemas and
-- write another migration: see docs/database.md.

-- supabase/schemas/rights/refuse_foreign_functions.sql
-- Refuses to replace a function of `public` that has one of legisync's names but is not marked as part of legisync:
-- `create or replace` would overwrite a team's own function. First in every migration.
do $$
declare
  v_foreign text;
begin
  select string_agg(p.oid::regprocedure::text, ', ' order by p.oid::regprocedure::text) into v_foreign
    from pg_proc p
    where p.pronamespace = 'public'::regnamespace and p.proname like 'legisync\_%'
      and coalesce(obj_description(p.oid, 'pg_proc'), '') not like 'Part of legisync.%';
  if v_foreign is not null then
    raise exception 'The schema public has functions that are not part of legisync, but have names that legisync uses: '
      '%. Rename them (alter function … rename to …), then run this again. Nothing was changed.', v_foreign;
  end if;
end
$$;

-- supabase/schemas/queue/indexes/files_queue_claimable.sql
-- The order in which files are claimed. It has a migration of its own: the build blocks writers (SHARE lock) while it
-- reads the table, and locks last until the transaction ends.
--
-- An existing index of that name is replaced if it is invalid (a concurrent build was interrupted) or has another
-- definition.
do $$
begin
  if exists (
    select from pg_index i
    where i.indexrelid = to_regclass('public.files_queue_claimable')
      and not (i.indisvalid
               and pg_get_indexdef(i.indexrelid) like '%(backfilled, created_at)%'
               and pg_get_expr(i.indpred, i.indrelid) ~ ('^\(\(\(?status.* = ''pending''.* AND '
                   || '\(processed IS NOT TRUE\) AND \(dangling_since IS NULL\)\)$'))
  ) then
    drop index public.files_queue_claimable;
  end if;
end
$$;

create index if not exists files_queue_claimable on public.files_queue (backfilled, created_at)
  where status = 'pending' and processed is not true and dangling_since is null;

-- supabase/schemas/rights/apply_rights.sql
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

-- supabase/schemas/rights/reload.sql
-- Applies what depends on a change: resolves the status values again, and tells PostgREST to reload its cache of
-- functions and their settings.
do $$
begin
  if to_regprocedure('legisync.resolve_status_values()') is not null then
    perform legisync.resolve_status_values();
  end if;
end
$$;
notify pgrst, 'reload schema';

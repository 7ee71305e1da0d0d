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

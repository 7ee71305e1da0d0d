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

-- supabase/schemas/queue/tables/files_queue.sql
-- public.files_queue: the table that the Workers poll. An existing table keeps its rows, rights and policies. It only
-- gains columns that are nullable or have a constant default, so no row is rewritten.
do $$
declare
  v_missing text;
begin
  if to_regclass('public.files_queue') is null then
    create table public.files_queue (
      id bigint generated always as identity primary key,
      file_path text not null,
      bucket_id text not null,
      file_size bigint,
      status text not null default 'pending',
      processed boolean not null default false,
      created_at timestamptz not null default now(),
      constraint files_queue_file_path_key unique (file_path)
    -- Every row is updated at least twice. Vacuum at 2 % dead rows keeps the table small, see docs/adoption.md.
    ) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
    alter table public.files_queue enable row level security;
    revoke all on public.files_queue from public, anon, authenticated;
  end if;
  -- Checked here, once: otherwise every batch would fail at its end, with a message that names neither the table nor
  -- the remedy. `legisync migrate --check` checks this and more, and changes nothing.
  select string_agg('add column ' || wanted, ', ' order by n) into v_missing
    from unnest(array['file_path text', 'bucket_id text', 'file_size bigint', 'status text default ''pending''',
                      'processed boolean default false', 'created_at timestamptz default now()'])
      with ordinality as u (wanted, n)
    where not exists (
      select from pg_attribute
      where attrelid = 'public.files_queue'::regclass and attname = split_part(wanted, ' ', 1) and not attisdropped);
  if v_missing is not null then
    raise exception 'public.files_queue lacks columns that legisync writes. If they exist under other names, rename '
      'them. Otherwise: alter table public.files_queue %;', v_missing;
  end if;
  if not exists (
    select from pg_index i
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0] and a.attname = 'file_path'
    where i.indrelid = 'public.files_queue'::regclass
      and i.indisunique and i.indimmediate and i.indisvalid and i.indnkeyatts = 1 and i.indpred is null
  ) then
    raise exception 'public.files_queue has no unique index on file_path, which "on conflict (file_path)" needs. '
      'Remove the rows that share a file_path, then: '
      'create unique index concurrently files_queue_file_path_key on public.files_queue (file_path);';
  end if;
end
$$;

-- Hash of the row's content, as in the object's user metadata. Null for pre-existing rows.
alter table public.files_queue add column if not exists content_sha256 text;
-- When that content was written into the bucket. Null for pre-existing rows. Workers never write it.
alter table public.files_queue add column if not exists content_at timestamptz;
-- The content changed while a Worker may have been reading it. The row is pending again when that Worker finishes.
alter table public.files_queue add column if not exists requeue boolean not null default false;
-- Queued by a backfill. Collected documents are claimed first.
alter table public.files_queue add column if not exists backfilled boolean not null default false;
-- When it was found that the row's file is gone. Set and cleared by `legisync repair dangling`.
alter table public.files_queue add column if not exists dangling_since timestamptz;

-- Hosted Supabase grants no rights on new tables of `public`, and BYPASSRLS is not a grant.
grant select, insert, update, delete on public.files_queue to service_role;

-- supabase/schemas/guards/triggers/files_queue_guard_delete.sql
create or replace trigger files_queue_guard_delete
  after delete on public.files_queue
  referencing old table as gone
  for each statement execute function legisync.guard_delete();

-- supabase/schemas/guards/triggers/files_queue_guard_truncate.sql
create or replace trigger files_queue_guard_truncate
  before truncate on public.files_queue
  for each statement execute function legisync.guard_truncate();

-- supabase/schemas/queue/triggers/files_queue_keep_requeue.sql
create or replace trigger files_queue_keep_requeue
  before update on public.files_queue
  for each row when (old.requeue)
  execute function legisync.keep_requeue();

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

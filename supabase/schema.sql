-- The database that supabase/schemas and all migrations make, as PostgreSQL describes it. Written by
-- `npm run sql:migration` and `npm run sql:schema`; not meant to be edited. The source is supabase/schemas: see
-- docs/database.md.
--
-- Applied to an empty Supabase project, as the role postgres, it makes the same database. It lacks rows, such as the one
-- of legisync.settings.
set check_function_bodies = off;

-- schema legisync
create schema if not exists legisync;
alter schema legisync owner to postgres;
revoke all on schema legisync from public, anon, authenticated, service_role;

-- schema public
create schema if not exists public;
comment on schema public is 'standard public schema';
alter schema public owner to pg_database_owner;
revoke all on schema public from public, anon, authenticated, service_role;
grant usage on schema public to anon;
grant usage on schema public to authenticated;
grant create, usage on schema public to postgres;
grant usage on schema public to public;
grant usage on schema public to service_role;

-- type legisync.batch
create type legisync.batch as (
  workflow text,
  run text,
  sequence integer
);
alter type legisync.batch owner to postgres;
revoke all on type legisync.batch from public, anon, authenticated, service_role;
grant usage on type legisync.batch to public;

-- type legisync.chunk_result
create type legisync.chunk_result as (
  scanned integer,
  upto text,
  changed bigint,
  more boolean,
  missing bigint,
  in_flight bigint,
  held bigint,
  skipped bigint
);
alter type legisync.chunk_result owner to postgres;
revoke all on type legisync.chunk_result from public, anon, authenticated, service_role;
grant usage on type legisync.chunk_result to public;

-- table legisync.backfill_runs
create table legisync.backfill_runs (
  id bigint generated always as identity not null,
  bucket_id text not null,
  kind text not null,
  prefix text default ''::text not null,
  finished boolean default false not null,
  before timestamp with time zone,
  grace interval not null,
  owner text not null,
  state text default 'running'::text not null,
  phase text not null,
  "position" text default ''::text not null,
  chunks integer default 0 not null,
  scanned bigint default 0 not null,
  queued bigint default 0 not null,
  caught_up bigint default 0 not null,
  sized bigint default 0 not null,
  missing bigint default 0 not null,
  in_flight bigint default 0 not null,
  held_by_other_bucket bigint default 0 not null,
  skipped bigint default 0 not null,
  busy_seconds double precision default 0 not null,
  started_at timestamp with time zone default clock_timestamp() not null,
  updated_at timestamp with time zone default clock_timestamp() not null,
  constraint backfill_runs_pkey PRIMARY KEY (id),
  constraint backfill_runs_kind_check CHECK (kind = ANY (ARRAY['queue'::text, 'sizes'::text])),
  constraint backfill_runs_phase_check CHECK (phase = ANY (ARRAY['queue'::text, 'catch_up'::text, 'verify'::text, 'sizes'::text, 'end'::text])),
  constraint backfill_runs_state_check CHECK (state = ANY (ARRAY['running'::text, 'completed'::text, 'abandoned'::text]))
);
CREATE UNIQUE INDEX backfill_runs_unfinished ON legisync.backfill_runs USING btree (bucket_id) WHERE state = 'running'::text;
alter table legisync.backfill_runs owner to postgres;
revoke all on legisync.backfill_runs from public, anon, authenticated, service_role;

-- table legisync.backfill_chunks
create table legisync.backfill_chunks (
  run bigint not null,
  number integer not null,
  phase text not null,
  "position" text not null,
  scanned integer not null,
  changed integer not null,
  seconds double precision not null,
  at timestamp with time zone default clock_timestamp() not null,
  constraint backfill_chunks_pkey PRIMARY KEY (run, number),
  constraint backfill_chunks_run_fkey FOREIGN KEY (run) REFERENCES legisync.backfill_runs(id) ON DELETE CASCADE
);
alter table legisync.backfill_chunks owner to postgres;
revoke all on legisync.backfill_chunks from public, anon, authenticated, service_role;

-- table legisync.claims
create table legisync.claims (
  file_path text not null,
  state text not null,
  token uuid,
  holder text not null,
  attempts integer not null,
  content_sha256 text,
  error text,
  held_since timestamp with time zone not null,
  held_until timestamp with time zone,
  due_at timestamp with time zone,
  constraint claims_pkey PRIMARY KEY (file_path),
  constraint claims_check CHECK ((state = 'held'::text) = (held_until IS NOT NULL)),
  constraint claims_check1 CHECK ((state = 'held'::text) = (due_at IS NULL)),
  constraint claims_state_check CHECK (state = ANY (ARRAY['held'::text, 'waiting'::text, 'returned'::text, 'completed'::text, 'failed'::text]))
);
CREATE INDEX claims_over ON legisync.claims USING btree (COALESCE(held_until, due_at));
alter table legisync.claims owner to postgres;
revoke all on legisync.claims from public, anon, authenticated, service_role;

-- table legisync.coherence_checks
create table legisync.coherence_checks (
  id bigint generated always as identity not null,
  bucket_id text not null,
  kind text not null,
  reading jsonb not null,
  at timestamp with time zone default clock_timestamp() not null,
  constraint coherence_checks_pkey PRIMARY KEY (id),
  constraint coherence_checks_kind_check CHECK (kind = ANY (ARRAY['cheap'::text, 'full'::text]))
);
CREATE INDEX coherence_checks_at ON legisync.coherence_checks USING btree (at);
alter table legisync.coherence_checks owner to postgres;
revoke all on legisync.coherence_checks from public, anon, authenticated, service_role;

-- table legisync.controls
create table legisync.controls (
  collection text not null,
  paused boolean not null,
  lanes integer not null,
  updated_at timestamp with time zone default now() not null,
  constraint controls_pkey PRIMARY KEY (collection),
  constraint controls_lanes_check CHECK (lanes >= 1 AND lanes <= 16)
);
alter table legisync.controls owner to postgres;
revoke all on legisync.controls from public, anon, authenticated, service_role;

-- table legisync.documents
create table legisync.documents (
  category text not null,
  id text not null,
  source text not null,
  code_id text default ''::text not null,
  revision text,
  state text not null,
  content_sha256 text,
  attempts integer default 0 not null,
  code text,
  message text,
  next_attempt_at timestamp with time zone,
  absent_since integer,
  holder legisync.batch,
  held_since timestamp with time zone,
  held_until timestamp with time zone,
  discovered_at timestamp with time zone default now() not null,
  stored_at timestamp with time zone,
  constraint documents_pkey PRIMARY KEY (category, id),
  constraint documents_category_check CHECK (category ~ '^[a-z0-9][a-z0-9_-]{0,62}$'::text),
  constraint documents_check CHECK ((held_since IS NULL) = (held_until IS NULL)),
  constraint documents_id_check CHECK (id ~ '^[A-Z]{8}[0-9]{12}$'::text),
  constraint documents_state_check CHECK (state = ANY (ARRAY['discovered'::text, 'stored'::text, 'failed'::text, 'unavailable'::text, 'withdrawn'::text, 'superseded'::text]))
);
CREATE INDEX documents_due ON legisync.documents USING btree (category, next_attempt_at, id) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX documents_held ON legisync.documents USING btree (holder) WHERE held_until IS NOT NULL;
CREATE INDEX documents_of_source ON legisync.documents USING btree (source, code_id, category);
alter table legisync.documents owner to postgres;
revoke all on legisync.documents from public, anon, authenticated, service_role;

-- table legisync.listing_documents
create unlogged table legisync.listing_documents (
  slice bigint not null,
  id text not null,
  round integer not null,
  constraint listing_documents_pkey PRIMARY KEY (slice, id, round)
);
alter table legisync.listing_documents owner to postgres;
revoke all on legisync.listing_documents from public, anon, authenticated, service_role;

-- table legisync.listing_rounds
create unlogged table legisync.listing_rounds (
  slice bigint not null,
  round integer not null,
  constraint listing_rounds_pkey PRIMARY KEY (slice, round)
);
alter table legisync.listing_rounds owner to postgres;
revoke all on legisync.listing_rounds from public, anon, authenticated, service_role;

-- table legisync.passes
create table legisync.passes (
  collection text not null,
  pass integer not null,
  started_at timestamp with time zone default now() not null,
  completed_at timestamp with time zone,
  constraint passes_pkey PRIMARY KEY (collection, pass)
);
alter table legisync.passes owner to postgres;
revoke all on legisync.passes from public, anon, authenticated, service_role;

-- table legisync.settings
create table legisync.settings (
  only_row boolean default true not null,
  status_done text[] default '{processed,done,completed,failed,error}'::text[] not null,
  status_in_progress text[] default '{processing,in_progress,claimed}'::text[] not null,
  status_failed text[] default '{failed,error}'::text[] not null,
  write_done text,
  write_in_progress text,
  write_failed text,
  write_dangling text,
  claim_attempts integer default 5 not null,
  grace interval default '00:15:00'::interval not null,
  max_delete_percent integer default 50 not null,
  constraint settings_pkey PRIMARY KEY (only_row),
  constraint settings_claim_attempts_check CHECK (claim_attempts >= 1 AND claim_attempts <= 100),
  constraint settings_grace_check CHECK (grace >= '00:00:00'::interval AND grace <= '1 day'::interval),
  constraint settings_max_delete_percent_check CHECK (max_delete_percent >= 1 AND max_delete_percent <= 100),
  constraint settings_only_row_check CHECK (only_row)
);
alter table legisync.settings owner to postgres;
revoke all on legisync.settings from public, anon, authenticated, service_role;

-- table legisync.slices
create table legisync.slices (
  id bigint generated always as identity not null,
  collection text not null,
  pass integer not null,
  source text not null,
  kind text not null,
  code_id text,
  window_from date,
  window_to date,
  state text default 'open'::text not null,
  absences_marked boolean default false not null,
  page integer default 1 not null,
  round integer default 1 not null,
  attempts integer default 0 not null,
  code text,
  message text,
  next_attempt_at timestamp with time zone default now() not null,
  holder legisync.batch,
  held_since timestamp with time zone,
  held_until timestamp with time zone,
  constraint slices_pkey PRIMARY KEY (id),
  constraint slices_collection_pass_source_kind_code_id_window_from_wind_key UNIQUE NULLS NOT DISTINCT (collection, pass, source, kind, code_id, window_from, window_to),
  constraint slices_check CHECK ((kind = 'code'::text) = (code_id IS NOT NULL)),
  constraint slices_check1 CHECK ((kind = 'window'::text) = (window_from IS NOT NULL AND window_to IS NOT NULL)),
  constraint slices_check2 CHECK ((held_since IS NULL) = (held_until IS NULL)),
  constraint slices_kind_check CHECK (kind = ANY (ARRAY['source'::text, 'code'::text, 'window'::text, 'undated'::text])),
  constraint slices_state_check CHECK (state = ANY (ARRAY['open'::text, 'split'::text, 'complete'::text, 'parked'::text])),
  constraint slices_collection_pass_fkey FOREIGN KEY (collection, pass) REFERENCES legisync.passes(collection, pass) ON DELETE CASCADE
);
CREATE INDEX slices_open ON legisync.slices USING btree (collection, pass, id) WHERE state = 'open'::text;
alter table legisync.slices owner to postgres;
revoke all on legisync.slices from public, anon, authenticated, service_role;

-- table legisync.watermarks
create table legisync.watermarks (
  collection text not null,
  source text not null,
  cursor jsonb not null,
  updated_at timestamp with time zone default now() not null,
  constraint watermarks_pkey PRIMARY KEY (collection, source)
);
alter table legisync.watermarks owner to postgres;
revoke all on legisync.watermarks from public, anon, authenticated, service_role;

-- table public.files_queue
create table public.files_queue (
  id bigint generated always as identity not null,
  file_path text not null,
  bucket_id text not null,
  file_size bigint,
  status text default 'pending'::text not null,
  processed boolean default false not null,
  created_at timestamp with time zone default now() not null,
  content_sha256 text,
  content_at timestamp with time zone,
  requeue boolean default false not null,
  backfilled boolean default false not null,
  dangling_since timestamp with time zone,
  constraint files_queue_pkey PRIMARY KEY (id),
  constraint files_queue_file_path_key UNIQUE (file_path)
);
CREATE INDEX files_queue_claimable ON public.files_queue USING btree (backfilled, created_at) WHERE status = 'pending'::text AND processed IS NOT TRUE AND dangling_since IS NULL;
alter table public.files_queue set (autovacuum_vacuum_scale_factor=0.02, autovacuum_analyze_scale_factor=0.02);
alter table public.files_queue enable row level security;
alter table public.files_queue owner to postgres;
revoke all on public.files_queue from public, anon, authenticated, service_role;
grant delete, insert, select, update on public.files_queue to service_role;

-- function legisync.all_dangling()
CREATE OR REPLACE FUNCTION legisync.all_dangling()
 RETURNS TABLE(bucket_id text, file_path text, file_size bigint, status text, row_at timestamp with time zone, dangling_since timestamp with time zone)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return query
    select f.bucket_id::text, f.file_path::text, f.file_size::bigint, f.status::text,
           greatest(f.created_at, f.content_at)::timestamptz, f.dangling_since
    from public.files_queue f cross join legisync.settings s
    where not exists (select from legisync.current_objects() o where o.bucket_id = f.bucket_id and o.name = f.file_path)
      and (f.dangling_since is not null
           or legisync.row_written(f.created_at, f.content_at) <= now() - s.grace);
end
$function$;
alter function legisync.all_dangling() owner to postgres;
revoke all on function legisync.all_dangling() from public, anon, authenticated, service_role;

-- view legisync.dangling
create view legisync.dangling with (security_invoker=true) as
 SELECT bucket_id,
    file_path,
    file_size,
    status,
    row_at,
    dangling_since
   FROM legisync.all_dangling() all_dangling(bucket_id, file_path, file_size, status, row_at, dangling_since);
alter view legisync.dangling owner to postgres;
revoke all on legisync.dangling from public, anon, authenticated, service_role;

-- function legisync.all_missing()
CREATE OR REPLACE FUNCTION legisync.all_missing()
 RETURNS TABLE(bucket_id text, file_path text, file_size bigint, object_at timestamp with time zone)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return query
    select o.bucket_id, o.name, legisync.object_size(o.metadata), coalesce(o.updated_at, o.created_at)
    from legisync.current_objects() o cross join legisync.settings s
    where legisync.is_file(o.name)
      and not exists (select from public.files_queue f where f.file_path = o.name)
      and (legisync.object_written(o.created_at, o.updated_at) <= now() - s.grace
           or not legisync.may_be_in_flight(o.name));
end
$function$;
alter function legisync.all_missing() owner to postgres;
revoke all on function legisync.all_missing() from public, anon, authenticated, service_role;

-- view legisync.missing
create view legisync.missing with (security_invoker=true) as
 SELECT bucket_id,
    file_path,
    file_size,
    object_at
   FROM legisync.all_missing() all_missing(bucket_id, file_path, file_size, object_at);
alter view legisync.missing owner to postgres;
revoke all on legisync.missing from public, anon, authenticated, service_role;

-- function legisync.all_stale()
CREATE OR REPLACE FUNCTION legisync.all_stale()
 RETURNS TABLE(bucket_id text, file_path text, file_size bigint, status text, object_at timestamp with time zone, row_at timestamp with time zone)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return query
    select f.bucket_id::text, f.file_path::text, legisync.object_size(o.metadata), f.status::text,
           coalesce(o.updated_at, o.created_at), greatest(f.created_at, f.content_at)::timestamptz
    from legisync.current_objects() o
    join public.files_queue f on f.file_path = o.name and f.bucket_id = o.bucket_id
    cross join legisync.settings s
    where legisync.is_file(o.name)
      and legisync.is_stale(
        o.user_metadata ->> 'sha256', f.content_sha256, legisync.object_written(o.created_at, o.updated_at),
        f.created_at, f.content_at, f.requeue, s.grace);
end
$function$;
alter function legisync.all_stale() owner to postgres;
revoke all on function legisync.all_stale() from public, anon, authenticated, service_role;

-- view legisync.stale
create view legisync.stale with (security_invoker=true) as
 SELECT bucket_id,
    file_path,
    file_size,
    status,
    object_at,
    row_at
   FROM legisync.all_stale() all_stale(bucket_id, file_path, file_size, status, object_at, row_at);
alter view legisync.stale owner to postgres;
revoke all on legisync.stale from public, anon, authenticated, service_role;

-- function legisync.backfill_catch_up(legisync.backfill_runs,integer)
CREATE OR REPLACE FUNCTION legisync.backfill_catch_up(r legisync.backfill_runs, p_size integer)
 RETURNS legisync.chunk_result
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v legisync.chunk_result;
  v_missing text[];
begin
  v.changed := 0;
  select scanned, upto, missing into v.scanned, v.upto, v_missing from legisync.next_missing(r, p_size);
  v.more := v.scanned = p_size;
  if cardinality(v_missing) > 100000 then
    v_missing := v_missing[1:100000];
    v.upto := v_missing[100000];
    v.more := true;
  end if;
  if v_missing is not null then
    v.changed := legisync.backfill_insert(r, v.upto, v_missing);
  end if;
  return v;
end
$function$;
alter function legisync.backfill_catch_up(legisync.backfill_runs,integer) owner to postgres;
revoke all on function legisync.backfill_catch_up(legisync.backfill_runs,integer) from public, anon, authenticated, service_role;

-- function legisync.backfill_insert(legisync.backfill_runs,text,text[])
CREATE OR REPLACE FUNCTION legisync.backfill_insert(r legisync.backfill_runs, p_upto text, p_missing text[])
 RETURNS bigint
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET enable_sort TO 'off'
AS $function$
declare
  v_rows bigint;
  v_pending public.files_queue.status%type := 'pending';
  v_done public.files_queue.status%type;
  -- Files that are not older than this become pending rows even if the run queues files as finished.
  v_before timestamptz := case when r.finished then least(r.before, r.started_at - r.grace) else '-infinity' end;
begin
  if r.finished then
    select write_done into v_done from legisync.settings;
    if v_done is null then
      raise exception 'public.files_queue.status accepts none of the values that mean "done". Set LEGISYNC_STATUS_DONE '
        'to a value that it accepts, then run `legisync migrate`.';
    end if;
  end if;
  insert into public.files_queue
      (file_path, bucket_id, file_size, status, processed, content_sha256, content_at, backfilled)
    select o.name, o.bucket_id, legisync.object_size(o.metadata),
           case when legisync.object_written(o.created_at, o.updated_at) < v_before then v_done else v_pending end,
           legisync.object_written(o.created_at, o.updated_at) < v_before,
           o.user_metadata ->> 'sha256', legisync.object_written(o.created_at, o.updated_at), true
    from legisync.current_objects() o
    where o.bucket_id = r.bucket_id and o.name > r.position and o.name <= p_upto
      and (p_missing is null or o.name = any (p_missing))
      and legisync.is_file(o.name) and starts_with(o.name, r.prefix)
    order by o.name
    on conflict (file_path) do nothing;
  get diagnostics v_rows = row_count;
  return v_rows;
end
$function$;
alter function legisync.backfill_insert(legisync.backfill_runs,text,text[]) owner to postgres;
revoke all on function legisync.backfill_insert(legisync.backfill_runs,text,text[]) from public, anon, authenticated, service_role;

-- function legisync.backfill_json(legisync.backfill_runs)
CREATE OR REPLACE FUNCTION legisync.backfill_json(r legisync.backfill_runs)
 RETURNS json
 LANGUAGE sql
 STABLE
RETURN json_build_object('id', (r).id, 'bucket', (r).bucket_id, 'kind', (r).kind, 'prefix', (r).prefix, 'finished', (r).finished, 'before', (r).before, 'state', (r).state, 'phase', (r).phase, 'position', (r)."position", 'chunks', (r).chunks, 'scanned', (r).scanned, 'queued', (r).queued, 'caughtUp', (r).caught_up, 'sized', (r).sized, 'missing', (r).missing, 'inFlight', (r).in_flight, 'heldByOtherBucket', (r).held_by_other_bucket, 'skipped', (r).skipped, 'startedAt', (r).started_at, 'busySeconds', (r).busy_seconds, 'seconds', EXTRACT(epoch FROM ((r).updated_at - (r).started_at)));
alter function legisync.backfill_json(legisync.backfill_runs) owner to postgres;
revoke all on function legisync.backfill_json(legisync.backfill_runs) from public, anon, authenticated, service_role;

-- function legisync.backfill_lock(text)
CREATE OR REPLACE FUNCTION legisync.backfill_lock(p_bucket text)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE
RETURN hashtextextended(('legisync.backfill '::text || p_bucket), (0)::bigint);
alter function legisync.backfill_lock(text) owner to postgres;
revoke all on function legisync.backfill_lock(text) from public, anon, authenticated, service_role;

-- function legisync.backfill_queue(legisync.backfill_runs,integer)
CREATE OR REPLACE FUNCTION legisync.backfill_queue(r legisync.backfill_runs, p_size integer)
 RETURNS legisync.chunk_result
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v legisync.chunk_result;
  v_missing text[];
begin
  v.changed := 0;
  if (select changed > scanned / 2 from legisync.backfill_chunks where run = r.id and number = r.chunks) then
    select scanned, upto into v.scanned, v.upto from legisync.next_objects(r.bucket_id, r.position, p_size);
    v.changed := legisync.backfill_insert(r, v.upto, null);
  else
    select scanned, upto, missing into v.scanned, v.upto, v_missing from legisync.next_missing(r, p_size);
    if v_missing is not null then
      v.changed := legisync.backfill_insert(
        r, v.upto, case when cardinality(v_missing) <= v.scanned / 2 then v_missing end);
    end if;
  end if;
  v.more := v.scanned = p_size;
  return v;
end
$function$;
alter function legisync.backfill_queue(legisync.backfill_runs,integer) owner to postgres;
revoke all on function legisync.backfill_queue(legisync.backfill_runs,integer) from public, anon, authenticated, service_role;

-- function legisync.backfill_sizes(legisync.backfill_runs,integer)
CREATE OR REPLACE FUNCTION legisync.backfill_sizes(r legisync.backfill_runs, p_size integer)
 RETURNS legisync.chunk_result
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET enable_sort TO 'off'
 SET enable_nestloop TO 'off'
AS $function$
declare
  v legisync.chunk_result;
begin
  select scanned, upto into v.scanned, v.upto from legisync.next_paths(r.position, p_size);
  with unsized as (
    select f.file_path, legisync.object_size(o.metadata) as size
    from public.files_queue f join legisync.current_objects() o on o.bucket_id = f.bucket_id and o.name = f.file_path
    where f.bucket_id = r.bucket_id and f.file_size is null
      and o.bucket_id = r.bucket_id and o.name > r.position and o.name <= v.upto
      and f.file_path > r.position collate "default" and f.file_path <= v.upto collate "default"
      and starts_with(f.file_path, r.prefix) and legisync.object_size(o.metadata) is not null
    order by f.file_path
    for update of f skip locked
  )
  update public.files_queue f set file_size = u.size from unsized u
    where f.file_path = u.file_path
      and f.file_path > r.position collate "default" and f.file_path <= v.upto collate "default";
  get diagnostics v.changed = row_count;
  v.more := v.scanned = p_size;
  return v;
end
$function$;
alter function legisync.backfill_sizes(legisync.backfill_runs,integer) owner to postgres;
revoke all on function legisync.backfill_sizes(legisync.backfill_runs,integer) from public, anon, authenticated, service_role;

-- function legisync.backfill_verify(legisync.backfill_runs,integer)
CREATE OR REPLACE FUNCTION legisync.backfill_verify(r legisync.backfill_runs, p_size integer)
 RETURNS legisync.chunk_result
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET enable_sort TO 'off'
 SET enable_nestloop TO 'off'
AS $function$
declare
  v legisync.chunk_result;
  v_missing text[];
begin
  select count(*), max(o.name),
         array_agg(o.name order by o.name)
           filter (where f.file_path is null and legisync.is_file(o.name) and starts_with(o.name, r.prefix)),
         count(*) filter (where f.file_path is not null and f.bucket_id is distinct from r.bucket_id
                            and legisync.is_file(o.name) and starts_with(o.name, r.prefix)),
         count(*) filter (where not legisync.is_file(o.name) and starts_with(o.name, r.prefix))
    into v.scanned, v.upto, v_missing, v.held, v.skipped
    from (select name from storage.objects
          where bucket_id = r.bucket_id and name > r.position order by name limit p_size) o
    left join public.files_queue f on f.file_path = o.name and f.file_path > r.position collate "default";
  select count(*) filter (where not o.in_flight), count(*) filter (where o.in_flight)
    into v.missing, v.in_flight
    from (select legisync.object_written(created_at, updated_at) > now() - r.grace
                   and legisync.may_be_in_flight(name) as in_flight
          from legisync.current_objects() where bucket_id = r.bucket_id and name = any (v_missing)) o;
  v.changed := 0;
  v.more := v.scanned = p_size;
  return v;
end
$function$;
alter function legisync.backfill_verify(legisync.backfill_runs,integer) owner to postgres;
revoke all on function legisync.backfill_verify(legisync.backfill_runs,integer) from public, anon, authenticated, service_role;

-- function legisync.batch_lease()
CREATE OR REPLACE FUNCTION legisync.batch_lease()
 RETURNS interval
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN '01:00:00'::interval;
alter function legisync.batch_lease() owner to postgres;
revoke all on function legisync.batch_lease() from public, anon, authenticated, service_role;

-- function legisync.batch_lock(legisync.batch)
CREATE OR REPLACE FUNCTION legisync.batch_lock(b legisync.batch)
 RETURNS bigint
 LANGUAGE sql
 STABLE
RETURN hashtextextended(('legisync.batch '::text || (b)::text), (0)::bigint);
alter function legisync.batch_lock(legisync.batch) owner to postgres;
revoke all on function legisync.batch_lock(legisync.batch) from public, anon, authenticated, service_role;

-- function legisync.begin_pass(text,integer,text[])
CREATE OR REPLACE FUNCTION legisync.begin_pass(p_collection text, p_pass integer, p_sources text[])
 RETURNS legisync.passes
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_pass legisync.passes;
begin
  insert into legisync.passes (collection, pass) values (p_collection, p_pass) returning * into v_pass;
  insert into legisync.slices (collection, pass, source, kind)
    select p_collection, p_pass, s, 'source' from unnest(p_sources) s
    on conflict do nothing;
  delete from legisync.passes p
    where p.collection = p_collection and p.pass < p_pass - 1
      and not exists (
        select from legisync.slices s join legisync.listing_rounds r on r.slice = s.id
        where s.collection = p.collection and s.pass = p.pass);
  return v_pass;
end
$function$;
alter function legisync.begin_pass(text,integer,text[]) owner to postgres;
revoke all on function legisync.begin_pass(text,integer,text[]) from public, anon, authenticated, service_role;

-- function legisync.cheap_reading(text)
CREATE OR REPLACE FUNCTION legisync.cheap_reading(p_bucket text)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  v_storage record;
  v_rows bigint;
  v_row_bytes numeric;
begin
  begin
    select * into v_storage from legisync.size_of_bucket(p_bucket);
  exception when data_exception then
    -- A size is not a number. Checking each one first takes twice as long, so it is done only now.
    select count(*) as n, sum(legisync.object_size(metadata)) as bytes into v_storage
      from legisync.current_objects() where bucket_id = p_bucket;
  end;
  select count(*), sum(file_size) into v_rows, v_row_bytes from public.files_queue;
  return jsonb_build_object(
    'kind', 'cheap',
    'storage', legisync.count_and_size(v_storage.n, v_storage.bytes),
    'queue', legisync.count_and_size(v_rows, v_row_bytes),
    'oldestPending', legisync.oldest_pending());
end
$function$;
alter function legisync.cheap_reading(text) owner to postgres;
revoke all on function legisync.cheap_reading(text) from public, anon, authenticated, service_role;

-- function legisync.check_backfill_options(jsonb)
CREATE OR REPLACE FUNCTION legisync.check_backfill_options(p_options jsonb)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if jsonb_typeof(p_options) is distinct from 'object' then
    raise exception 'p_options is %: it must be a JSON object.', coalesce(jsonb_typeof(p_options), 'null')
      using errcode = 'invalid_parameter_value';
  end if;
  perform legisync.check_choice('p_options.kind', p_options ->> 'kind', 'queue', 'sizes');
  perform legisync.check_text('p_options.prefix', p_options ->> 'prefix', 0, 1024);
  perform legisync.check_choice('p_options.finished', p_options ->> 'finished', 'true', 'false');
  perform legisync.check_choice('p_options.allAtOnce', p_options ->> 'allAtOnce', 'true', 'false');
  perform legisync.check_choice(
    'the type of p_options.graceSeconds', jsonb_typeof(p_options -> 'graceSeconds'), 'number');
  perform legisync.check_bounds('p_options.graceSeconds', (p_options ->> 'graceSeconds')::numeric, 0, 86400);
  perform (p_options ->> 'before')::timestamptz;
exception when datetime_field_overflow or invalid_datetime_format then
  raise exception 'p_options.before is %: it must be a time, such as 2026-11-24T12:00:00Z.',
    quote_literal(p_options ->> 'before') using errcode = 'invalid_parameter_value';
end
$function$;
alter function legisync.check_backfill_options(jsonb) owner to postgres;
revoke all on function legisync.check_backfill_options(jsonb) from public, anon, authenticated, service_role;

-- function legisync.check_bounds(text,numeric,numeric,numeric)
CREATE OR REPLACE FUNCTION legisync.check_bounds(p_name text, p_value numeric, p_least numeric, p_most numeric)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if p_value is null or p_value not between p_least and p_most then
    raise exception '% is %: it must be from % to %.', p_name, coalesce(p_value::text, 'null'), p_least, p_most
      using errcode = 'invalid_parameter_value';
  end if;
end
$function$;
alter function legisync.check_bounds(text,numeric,numeric,numeric) owner to postgres;
revoke all on function legisync.check_bounds(text,numeric,numeric,numeric) from public, anon, authenticated, service_role;

-- function legisync.check_bucket(text)
CREATE OR REPLACE FUNCTION legisync.check_bucket(p_bucket text)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  perform legisync.check_text('p_bucket', p_bucket, 1, 100);
  if not exists (select from storage.buckets where id = p_bucket) then
    raise exception
      'Storage has no bucket %: correct LEGISYNC_BUCKET, or create the bucket with `legisync up`.', p_bucket
      using errcode = 'no_data_found';
  end if;
end
$function$;
alter function legisync.check_bucket(text) owner to postgres;
revoke all on function legisync.check_bucket(text) from public, anon, authenticated, service_role;

-- function legisync.check_category(text,text)
CREATE OR REPLACE FUNCTION legisync.check_category(p_name text, p_value text)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if legisync.is_category(p_value) is not true then
    raise exception '% is %: it must be 1 to 63 small letters, digits, "_" or "-", and begin with a letter or digit.',
      p_name, coalesce(quote_literal(left(p_value, 100)), 'null')
      using errcode = 'invalid_parameter_value';
  end if;
end
$function$;
alter function legisync.check_category(text,text) owner to postgres;
revoke all on function legisync.check_category(text,text) from public, anon, authenticated, service_role;

-- function legisync.check_choice(text,text,text[])
CREATE OR REPLACE FUNCTION legisync.check_choice(p_name text, p_value text, VARIADIC p_choices text[])
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if p_value is null or p_value <> all (p_choices) then
    raise exception '% is %: it must be one of %.',
      p_name, coalesce(quote_literal(left(p_value, 100)), 'null'), array_to_string(p_choices, ', ')
      using errcode = 'invalid_parameter_value';
  end if;
end
$function$;
alter function legisync.check_choice(text,text,text[]) owner to postgres;
revoke all on function legisync.check_choice(text,text,text[]) from public, anon, authenticated, service_role;

-- function legisync.check_failures(jsonb)
CREATE OR REPLACE FUNCTION legisync.check_failures(p_failures jsonb)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_wrong jsonb;
begin
  perform legisync.check_json_list('p_failures', p_failures, 'id', 0, 1000);
  perform legisync.check_json_list('p_failures', p_failures, 'code', 0, 1000);
  select f into v_wrong
    from jsonb_array_elements(p_failures) f
    where jsonb_typeof(f -> 'retrySeconds') is distinct from 'number'
       or jsonb_typeof(f -> 'maxSeconds') is distinct from 'number'
       or jsonb_typeof(f -> 'unavailable') is distinct from 'boolean'
    limit 1;
  if found then
    raise exception
      'p_failures has the entry %: "retrySeconds" and "maxSeconds" must be numbers, and "unavailable" true or false.',
      left(v_wrong::text, 100) using errcode = 'invalid_parameter_value';
  end if;
end
$function$;
alter function legisync.check_failures(jsonb) owner to postgres;
revoke all on function legisync.check_failures(jsonb) from public, anon, authenticated, service_role;

-- function legisync.check_given(text,anyelement)
CREATE OR REPLACE FUNCTION legisync.check_given(p_name text, p_value anyelement)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if p_value is null then
    raise exception '% is null: it must have a value.', p_name using errcode = 'invalid_parameter_value';
  end if;
end
$function$;
alter function legisync.check_given(text,anyelement) owner to postgres;
revoke all on function legisync.check_given(text,anyelement) from public, anon, authenticated, service_role;

-- function legisync.check_json_list(text,jsonb,text,integer,integer)
CREATE OR REPLACE FUNCTION legisync.check_json_list(p_name text, p_value jsonb, p_key text, p_least integer, p_most integer)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_wrong jsonb;
begin
  if jsonb_typeof(p_value) is distinct from 'array' then
    raise exception '% is %: it must be a JSON array.', p_name, coalesce(jsonb_typeof(p_value), 'null')
      using errcode = 'invalid_parameter_value';
  elsif jsonb_array_length(p_value) not between p_least and p_most then
    raise exception '% has % entries: it must have % to %.', p_name, jsonb_array_length(p_value), p_least, p_most
      using errcode = 'invalid_parameter_value';
  end if;
  select e into v_wrong
    from jsonb_array_elements(p_value) e
    where jsonb_typeof(e -> p_key) is distinct from 'string'
    limit 1;
  if found then
    raise exception '% has the entry %: each must be an object with a text under "%".',
      p_name, left(v_wrong::text, 100), p_key using errcode = 'invalid_parameter_value';
  end if;
end
$function$;
alter function legisync.check_json_list(text,jsonb,text,integer,integer) owner to postgres;
revoke all on function legisync.check_json_list(text,jsonb,text,integer,integer) from public, anon, authenticated, service_role;

-- function legisync.check_keys(jsonb)
CREATE OR REPLACE FUNCTION legisync.check_keys(p_keys jsonb)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_key jsonb;
begin
  perform legisync.check_json_list('p_keys', p_keys, 'kind', 1, 1000);
  for v_key in select k from jsonb_array_elements(p_keys) k loop
    perform legisync.check_choice('the kind of an entry of p_keys', v_key ->> 'kind', 'code', 'window', 'undated');
    if v_key ->> 'kind' = 'code' then
      perform legisync.check_text('the code of an entry of p_keys', v_key ->> 'code', 1, 100);
    elsif v_key ->> 'kind' = 'window' and ((v_key ->> 'from')::date <= (v_key ->> 'to')::date) is not true then
      raise exception
        'p_keys has the entry %: a window must have "from" and "to", and must not end before it begins.', v_key
        using errcode = 'invalid_parameter_value';
    end if;
  end loop;
exception when datetime_field_overflow or invalid_datetime_format then
  raise exception 'p_keys has the entry %: "from" and "to" must be dates, such as 2026-11-24.', v_key
    using errcode = 'invalid_parameter_value';
end
$function$;
alter function legisync.check_keys(jsonb) owner to postgres;
revoke all on function legisync.check_keys(jsonb) from public, anon, authenticated, service_role;

-- function legisync.check_list(text,text[],integer,integer)
CREATE OR REPLACE FUNCTION legisync.check_list(p_name text, p_value text[], p_least integer, p_most integer)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if p_value is null then
    raise exception '% is null: it must have % to % entries.', p_name, p_least, p_most
      using errcode = 'invalid_parameter_value';
  elsif cardinality(p_value) not between p_least and p_most then
    raise exception '% has % entries: it must have % to %.', p_name, cardinality(p_value), p_least, p_most
      using errcode = 'invalid_parameter_value';
  elsif array_position(p_value, null) is not null then
    raise exception '% has a null at position %: every entry must be a text.', p_name, array_position(p_value, null)
      using errcode = 'invalid_parameter_value';
  end if;
end
$function$;
alter function legisync.check_list(text,text[],integer,integer) owner to postgres;
revoke all on function legisync.check_list(text,text[],integer,integer) from public, anon, authenticated, service_role;

-- function legisync.check_repair(text,integer,text,integer,boolean)
CREATE OR REPLACE FUNCTION legisync.check_repair(p_bucket text, p_grace_seconds integer, p_after text, p_size integer, p_dry_run boolean)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  perform legisync.check_bucket(p_bucket);
  perform legisync.check_bounds('p_grace_seconds', p_grace_seconds, 0, 86400);
  perform legisync.check_text('p_after', p_after, 0, 1024);
  perform legisync.check_bounds('p_size', p_size, 1, 100000);
  perform legisync.check_given('p_dry_run', p_dry_run);
end
$function$;
alter function legisync.check_repair(text,integer,text,integer,boolean) owner to postgres;
revoke all on function legisync.check_repair(text,integer,text,integer,boolean) from public, anon, authenticated, service_role;

-- function legisync.check_text(text,text,integer,integer)
CREATE OR REPLACE FUNCTION legisync.check_text(p_name text, p_value text, p_least integer, p_most integer)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if p_value is null or length(p_value) not between p_least and p_most then
    raise exception '% is %: it must have % to % characters.',
      p_name, coalesce(quote_literal(left(p_value, 100)), 'null'), p_least, p_most
      using errcode = 'invalid_parameter_value';
  end if;
end
$function$;
alter function legisync.check_text(text,text,integer,integer) owner to postgres;
revoke all on function legisync.check_text(text,text,integer,integer) from public, anon, authenticated, service_role;

-- function legisync.claim_settings()
CREATE OR REPLACE FUNCTION legisync.claim_settings()
 RETURNS legisync.settings
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  s legisync.settings;
  v_missing record;
begin
  select * into strict s from legisync.settings;
  select w.meaning, w.candidates, w.setting into v_missing
    from (values (s.write_in_progress, 'in progress', s.status_in_progress, 'LEGISYNC_STATUS_IN_PROGRESS'),
                 (s.write_done, 'done', s.status_done, 'LEGISYNC_STATUS_DONE'),
                 (s.write_failed, 'given up', s.status_failed, 'LEGISYNC_STATUS_FAILED'))
      as w (value, meaning, candidates, setting)
    where w.value is null
    limit 1;
  if found then
    raise exception 'public.files_queue.status accepts none of the values that mean "%" (%). Set % to a value that it '
      'accepts, or change its type or check to accept one of these. Then run `legisync migrate`.',
      v_missing.meaning, array_to_string(v_missing.candidates, ', '), v_missing.setting;
  end if;
  return s;
end
$function$;
alter function legisync.claim_settings() owner to postgres;
revoke all on function legisync.claim_settings() from public, anon, authenticated, service_role;

-- function legisync.compare(text,interval)
CREATE OR REPLACE FUNCTION legisync.compare(p_bucket text, p_grace interval)
 RETURNS TABLE(category text, class text, ours boolean, marked boolean, unsized boolean, stale boolean, resized boolean, n bigint, object_bytes numeric, row_bytes numeric)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET work_mem TO '64MB'
 SET enable_sort TO 'off'
 SET parallel_tuple_cost TO '0'
AS $function$
begin
  return query
    select c.category, c.class, c.ours, c.marked, c.unsized, c.stale, c.resized,
           count(*), sum(c.object_size)::numeric, sum(c.row_size)::numeric
    from (
      select
        case when coalesce(o.name, f.path) like 'legifrance/%/%' then split_part(coalesce(o.name, f.path), '/', 2)
             else '' end as category,
        case
          when f.ours is null then case when not o.is_file then 'placeholder'
                                        when o.written > now() - p_grace and legisync.may_be_in_flight(o.name)
                                          then 'in flight' else 'missing' end
          when o.name is null then case when not f.ours or f.path is null then 'elsewhere'
                                        when legisync.row_written(f.created_at, f.content_at) > now() - p_grace
                                             and not f.marked then 'row in flight'
                                        else 'dangling' end
          when not o.is_file then 'noted'
          when not f.ours then 'held'
          else 'pair' end as class,
        f.ours, f.marked, f.size is null as unsized,
        f.ours and o.is_file
          and legisync.is_stale(o.sha256, f.sha256, o.written, f.created_at, f.content_at, f.requeue, p_grace) is true
          as stale,
        f.ours and o.is_file and o.size <> f.size as resized,
        o.size as object_size, f.size as row_size
      from (
        select name, legisync.is_file(name) as is_file, sha256, written,
               case when length(size) between 1 and 18 and ltrim(size, '0123456789') = '' then size::bigint end as size
        from (
          select name, user_metadata ->> 'sha256' as sha256, legisync.object_written(created_at, updated_at) as written,
                 metadata ->> 'size' as size
          from legisync.current_objects() where bucket_id = p_bucket offset 0) taken
        offset 0) o
      full join (
        select file_path as path, bucket_id is not distinct from p_bucket as ours, file_size as size,
               content_sha256 as sha256, created_at, content_at, requeue,
               dangling_since is not null as marked
        from public.files_queue offset 0) f on f.path = o.name
    ) c
    group by 1, 2, 3, 4, 5, 6, 7;
end
$function$;
alter function legisync.compare(text,interval) owner to postgres;
revoke all on function legisync.compare(text,interval) from public, anon, authenticated, service_role;

-- function legisync.content_differences(text,text[],interval)
CREATE OR REPLACE FUNCTION legisync.content_differences(p_bucket text, p_paths text[], p_grace interval)
 RETURNS TABLE(file_path text, sha256 text, size bigint, written timestamp with time zone, finished boolean, newer boolean, adopt boolean, resize boolean)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
#variable_conflict use_column
begin
  return query
  select d.file_path::text, d.sha256, d.size, d.written, d.finished, d.newer, not d.newer and d.adoptable, d.resize
    from (
      select f.file_path,
             o.user_metadata ->> 'sha256' as sha256,
             legisync.object_size(o.metadata) as size,
             legisync.object_written(o.created_at, o.updated_at) as written,
             legisync.is_finished(f.processed, f.status::text, s.status_done) as finished,
             legisync.content_is_newer(
               o.user_metadata ->> 'sha256', f.content_sha256, legisync.object_written(o.created_at, o.updated_at),
               f.created_at, f.content_at, p_grace) as newer,
             coalesce(f.content_sha256 <> o.user_metadata ->> 'sha256',
                      f.content_sha256 is null and o.user_metadata ->> 'sha256' is not null) as adoptable,
             coalesce(f.file_size <> legisync.object_size(o.metadata), false) as resize
        from public.files_queue f
        join legisync.current_objects() o on o.bucket_id = f.bucket_id and o.name = f.file_path
        cross join legisync.settings s
        where f.file_path = any (p_paths) and f.bucket_id = p_bucket) d
    where d.newer or d.adoptable or d.resize;
end
$function$;
alter function legisync.content_differences(text,text[],interval) owner to postgres;
revoke all on function legisync.content_differences(text,text[],interval) from public, anon, authenticated, service_role;

-- function legisync.content_is_newer(text,text,timestamp with time zone,timestamp with time zone,timestamp with time zone,interval)
CREATE OR REPLACE FUNCTION legisync.content_is_newer(p_object_sha256 text, p_row_sha256 text, p_object_written timestamp with time zone, p_row_created timestamp with time zone, p_row_content_at timestamp with time zone, p_grace interval)
 RETURNS boolean
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN CASE WHEN (p_object_sha256 = p_row_sha256) THEN false WHEN ((p_object_sha256 IS NOT NULL) AND (p_row_sha256 IS NOT NULL)) THEN (split_part(p_object_sha256, ':'::text, 1) = split_part(p_row_sha256, ':'::text, 1)) WHEN (p_row_content_at IS NOT NULL) THEN (p_object_written > p_row_content_at) WHEN (p_object_sha256 IS NOT NULL) THEN (p_object_written > COALESCE(p_row_created, '-infinity'::timestamp with time zone)) ELSE (p_object_written > (COALESCE(p_row_created, '-infinity'::timestamp with time zone) + p_grace)) END;
alter function legisync.content_is_newer(text,text,timestamp with time zone,timestamp with time zone,timestamp with time zone,interval) owner to postgres;
revoke all on function legisync.content_is_newer(text,text,timestamp with time zone,timestamp with time zone,timestamp with time zone,interval) from public, anon, authenticated, service_role;

-- function legisync.count_and_size(numeric,numeric)
CREATE OR REPLACE FUNCTION legisync.count_and_size(p_count numeric, p_bytes numeric)
 RETURNS json
 LANGUAGE sql
 IMMUTABLE
RETURN json_build_object('count', COALESCE(p_count, (0)::numeric), 'bytes', COALESCE(p_bytes, (0)::numeric), 'size', pg_size_pretty(COALESCE(p_bytes, (0)::numeric)));
alter function legisync.count_and_size(numeric,numeric) owner to postgres;
revoke all on function legisync.count_and_size(numeric,numeric) from public, anon, authenticated, service_role;

-- function legisync.count_due(text,timestamp with time zone)
CREATE OR REPLACE FUNCTION legisync.count_due(p_category text, p_now timestamp with time zone, OUT due integer, OUT next_due timestamp with time zone)
 RETURNS record
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
begin
  select count(*) into due from (
    select from legisync.documents
    where category = p_category and next_attempt_at <= p_now and held_until is null
    order by next_attempt_at limit 10000) d;
  select next_attempt_at into next_due
    from legisync.documents where category = p_category and next_attempt_at is not null
    order by next_attempt_at limit 1;
end
$function$;
alter function legisync.count_due(text,timestamp with time zone) owner to postgres;
revoke all on function legisync.count_due(text,timestamp with time zone) from public, anon, authenticated, service_role;

-- function legisync.current_objects()
CREATE OR REPLACE FUNCTION legisync.current_objects()
 RETURNS SETOF storage.objects
 LANGUAGE sql
 STABLE
AS $function$
  select o.*
  from (values (false, null::pg_catalog.timestamptz)) as absent (is_delete_marker, archived_at)
  cross join lateral (
    select * from storage.objects where is_delete_marker is not true and archived_at is null) o
$function$;
alter function legisync.current_objects() owner to postgres;
revoke all on function legisync.current_objects() from public, anon, authenticated, service_role;

-- function legisync.document_path(text,text)
CREATE OR REPLACE FUNCTION legisync.document_path(p_category text, p_id text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN (((('legifrance/'::text || p_category) || '/'::text) || p_id) || '.json'::text);
alter function legisync.document_path(text,text) owner to postgres;
revoke all on function legisync.document_path(text,text) from public, anon, authenticated, service_role;

-- function legisync.end_claims(text[],text,text,interval)
CREATE OR REPLACE FUNCTION legisync.end_claims(p_paths text[], p_state text, p_error text DEFAULT NULL::text, p_wait interval DEFAULT NULL::interval)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
begin
  update legisync.claims set
      state = p_state,
      held_until = null,
      due_at = clock_timestamp() + coalesce(p_wait, legisync.forget_after(p_state)),
      error = coalesce(left(p_error, 500), error)
    where file_path = any (p_paths);
end
$function$;
alter function legisync.end_claims(text[],text,text,interval) owner to postgres;
revoke all on function legisync.end_claims(text[],text,text,interval) from public, anon, authenticated, service_role;

-- function legisync.ended_before(uuid,text[],text[])
CREATE OR REPLACE FUNCTION legisync.ended_before(p_token uuid, p_paths text[], p_states text[])
 RETURNS text[]
 LANGUAGE sql
 STABLE
RETURN ARRAY(SELECT c.file_path FROM legisync.claims c WHERE ((c.file_path = ANY (ended_before.p_paths)) AND (c.token = ended_before.p_token) AND (c.state = ANY (ended_before.p_states))));
alter function legisync.ended_before(uuid,text[],text[]) owner to postgres;
revoke all on function legisync.ended_before(uuid,text[],text[]) from public, anon, authenticated, service_role;

-- function legisync.expire_claims(legisync.settings)
CREATE OR REPLACE FUNCTION legisync.expire_claims(s legisync.settings)
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  v_now timestamptz := clock_timestamp();
  v_expired text[];
  v_open text[];
  v_locked text[];
  v_rows text[];
  v_spent text[];
  v_again text[];
begin
  if not pg_try_advisory_xact_lock(hashtextextended('legisync.claims', 0)) then
    return 0;
  end if;
  -- First the queue, then the claims: a TRUNCATE of the queue, which removes all claims, locks them in this order.
  lock table public.files_queue in row exclusive mode;
  select array_agg(c.file_path), array_agg(c.file_path) filter (where c.state in ('held', 'waiting'))
    into v_expired, v_open
    from (select file_path, state from legisync.claims
          where coalesce(held_until, due_at) <= v_now order by coalesce(held_until, due_at) limit 1000
          for update skip locked) c;
  if v_expired is null then
    return 0;
  end if;
  v_locked := array(select file_path from public.files_queue where file_path = any (v_open) for update skip locked);
  select coalesce(array_agg(c.file_path) filter (where c.state = 'held' and c.attempts >= s.claim_attempts), '{}'),
         coalesce(array_agg(c.file_path) filter (where c.state <> 'held' or c.attempts < s.claim_attempts), '{}')
    into v_spent, v_again
    from legisync.claims c join public.files_queue f on f.file_path = c.file_path
    where c.file_path = any (v_locked) and f.status::text = s.write_in_progress;

  -- Without its token the former holder is refused from now on.
  update legisync.claims c set
      token = null,
      error = case when c.state = 'held' then format('The lease of %s ended before it finished the file.', c.holder)
                   else c.error end
    where c.file_path = any (v_spent || v_again);
  perform legisync.end_claims(v_spent, 'failed');
  perform legisync.end_claims(v_again, 'returned');
  perform legisync.set_status(v_spent, s.write_failed);
  perform legisync.set_status(v_again, 'pending');

  -- Removes claims whose retention has ended, and claims whose row was deleted or changed by hand. A claim stays for
  -- the next call if another session has locked its row.
  v_rows := array(select file_path from public.files_queue where file_path = any (v_open));
  delete from legisync.claims c
    where c.file_path = any (v_expired) and c.file_path <> all (v_spent || v_again)
      and (c.state not in ('held', 'waiting') or c.file_path = any (v_locked) or c.file_path <> all (v_rows));
  return cardinality(v_spent || v_again);
end
$function$;
alter function legisync.expire_claims(legisync.settings) owner to postgres;
revoke all on function legisync.expire_claims(legisync.settings) from public, anon, authenticated, service_role;

-- function legisync.find_dangling(text,text,text,timestamp with time zone)
CREATE OR REPLACE FUNCTION legisync.find_dangling(p_bucket text, p_after text, p_upto text, p_before timestamp with time zone, OUT gone text[], OUT back text[])
 RETURNS record
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
begin
  select coalesce(array_agg(path order by path)
                    filter (where not is_there and case when is_marked then is_exposed
                                                        else written <= p_before end), '{}'),
         coalesce(array_agg(path order by path) filter (where is_there and is_marked), '{}')
    into gone, back
    from (
      select f.file_path as path, f.dangling_since is not null as is_marked,
             f.status = 'pending' and s.write_dangling is not null as is_exposed,
             legisync.row_written(f.created_at, f.content_at) as written,
             exists (
               select from legisync.current_objects() o
               where o.bucket_id = p_bucket and o.name = f.file_path offset 0) as is_there
      from public.files_queue f cross join legisync.settings s
      where f.bucket_id = p_bucket
        and f.file_path > p_after collate "default" and f.file_path <= p_upto collate "default"
      offset 0) r;
end
$function$;
alter function legisync.find_dangling(text,text,text,timestamp with time zone) owner to postgres;
revoke all on function legisync.find_dangling(text,text,text,timestamp with time zone) from public, anon, authenticated, service_role;

-- function legisync.find_stale(text,text,text,interval)
CREATE OR REPLACE FUNCTION legisync.find_stale(p_bucket text, p_after text, p_upto text, p_grace interval)
 RETURNS text[]
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
begin
  return array(
    select f.file_path
    from public.files_queue f join legisync.current_objects() o on o.bucket_id = p_bucket and o.name = f.file_path
    where f.bucket_id = p_bucket and f.file_path > p_after collate "default" and f.file_path <= p_upto collate "default"
      and o.name > p_after and o.name <= p_upto
      and legisync.is_file(f.file_path)
      and (f.file_size <> legisync.object_size(o.metadata)
           or legisync.is_stale(
             o.user_metadata ->> 'sha256', f.content_sha256, legisync.object_written(o.created_at, o.updated_at),
             f.created_at, f.content_at, f.requeue, p_grace))
    order by f.file_path);
end
$function$;
alter function legisync.find_stale(text,text,text,interval) owner to postgres;
revoke all on function legisync.find_stale(text,text,text,interval) from public, anon, authenticated, service_role;

-- function legisync.forget_after(text)
CREATE OR REPLACE FUNCTION legisync.forget_after(p_state text)
 RETURNS interval
 LANGUAGE sql
 IMMUTABLE
RETURN CASE p_state WHEN 'completed'::text THEN '00:10:00'::interval WHEN 'returned'::text THEN '7 days'::interval ELSE '30 days'::interval END;
alter function legisync.forget_after(text) owner to postgres;
revoke all on function legisync.forget_after(text) from public, anon, authenticated, service_role;

-- function legisync.forget_listings(text,integer)
CREATE OR REPLACE FUNCTION legisync.forget_listings(p_collection text, p_pass integer)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_slices bigint[];
begin
  select array_agg(slice) into v_slices from (
    select r.slice from legisync.listing_rounds r join legisync.slices s on s.id = r.slice
    where s.collection = p_collection and s.pass < p_pass limit 20) old;
  if v_slices is not null then
    delete from legisync.listing_documents where slice = any (v_slices);
    delete from legisync.listing_rounds where slice = any (v_slices);
  end if;
end
$function$;
alter function legisync.forget_listings(text,integer) owner to postgres;
revoke all on function legisync.forget_listings(text,integer) from public, anon, authenticated, service_role;

-- function legisync.full_reading(text,interval)
CREATE OR REPLACE FUNCTION legisync.full_reading(p_bucket text, p_grace interval)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return (
  with c as materialized (
    select case when legisync.is_category(category) then category else '(other)' end as category,
           class, ours, marked, unsized, stale, resized, n, object_bytes, row_bytes
    from legisync.compare(p_bucket, p_grace)
  ), sized as (
    select category, row_number() over (order by sum(n) desc, category) as place from c group by category
  ),
  categories as (
    select case when s.place <= 50 then c.category else '(the rest)' end as category, min(s.place) as place,
           sum(n) filter (where class not in ('dangling', 'row in flight', 'elsewhere')) as objects,
           sum(n) filter (where ours) as rows,
           sum(n) filter (where class = 'missing') as missing,
           sum(n) filter (where class = 'in flight') as in_flight,
           sum(n) filter (where class = 'dangling') as dangling,
           sum(n) filter (where stale) as stale,
           sum(n) filter (where resized) as resized
    from c join sized s using (category) group by 1
  )
  select jsonb_build_object(
    'kind', 'full',
    'storage',
      legisync.count_and_size(
        sum(n) filter (where class not in ('dangling', 'row in flight', 'elsewhere')), sum(object_bytes)),
    'queue', legisync.count_and_size(sum(n) filter (where ours is not null), sum(row_bytes)),
    'oldestPending', legisync.oldest_pending(),
    'files', coalesce(sum(n) filter (where class in ('missing', 'in flight', 'pair', 'held')), 0),
    'placeholders', coalesce(sum(n) filter (where class in ('placeholder', 'noted')), 0),
    'rows', coalesce(sum(n) filter (where ours), 0),
    'rowsOfOtherBuckets', coalesce(sum(n) filter (where not ours), 0),
    'missing', coalesce(sum(n) filter (where class = 'missing'), 0),
    'inFlight', coalesce(sum(n) filter (where class = 'in flight'), 0),
    'placeholdersWithoutRow', coalesce(sum(n) filter (where class = 'placeholder'), 0),
    'heldByOtherBucket', coalesce(sum(n) filter (where class = 'held'), 0),
    'dangling', coalesce(sum(n) filter (where class = 'dangling'), 0),
    'danglingMarked', coalesce(sum(n) filter (where class = 'dangling' and marked), 0),
    'rowsInFlight', coalesce(sum(n) filter (where class = 'row in flight'), 0),
    'markedButBack', coalesce(sum(n) filter (where class in ('pair', 'noted') and ours and marked), 0),
    'stale', coalesce(sum(n) filter (where stale), 0),
    'sizeMismatches', coalesce(sum(n) filter (where resized), 0),
    'rowsWithoutSize', coalesce(sum(n) filter (where ours and unsized), 0),
    -- Rows whose new content waits for a Worker to finish the old one, by the Worker's status.
    'requeued', (
      select jsonb_build_object('count', coalesce(sum(q.n), 0), 'since', min(q.since),
                                'statuses', coalesce(jsonb_object_agg(q.status, q.n), '{}'))
      from (select coalesce(status::text, '') as status, count(*) as n, min(content_at) as since
            from public.files_queue where requeue and bucket_id = p_bucket
            group by 1 order by n desc, 1 limit 20) q),
    'categories', (select coalesce(jsonb_agg(jsonb_build_object(
        'category', category, 'objects', coalesce(objects, 0), 'rows', coalesce(rows, 0),
        'missing', coalesce(missing, 0), 'inFlight', coalesce(in_flight, 0), 'dangling', coalesce(dangling, 0),
        'stale', coalesce(stale, 0), 'sizeMismatches', coalesce(resized, 0)) order by place), '[]') from categories))
  from c);
end
$function$;
alter function legisync.full_reading(text,interval) owner to postgres;
revoke all on function legisync.full_reading(text,interval) from public, anon, authenticated, service_role;

-- function legisync.guard_delete()
CREATE OR REPLACE FUNCTION legisync.guard_delete()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_deleted bigint;
  v_percent integer;
  v_left bigint;
begin
  select count(*) into v_deleted from (select from gone limit 1001) g;
  if v_deleted = 0 then
    return null;
  end if;
  delete from legisync.claims c using gone g where c.file_path = g.file_path;
  if legisync.may_empty() or (v_deleted <= 1000 and legisync.has_witness()) then
    return null;
  end if;
  if not exists (select from public.files_queue) then
    perform legisync.refuse_emptying(
      'DELETE', 'it leaves public.files_queue empty, so the Workers have no files until `legisync backfill` has run',
      'delete from public.files_queue');
  end if;
  select max_delete_percent into v_percent from legisync.settings;
  if v_deleted > 1000 and v_percent < 100 then
    select count(*) into v_deleted from gone;
    select count(*) into v_left from public.files_queue;
    if v_deleted * 100 > v_percent * (v_deleted + v_left) then
      perform legisync.refuse_emptying(
        'DELETE',
        format('it deletes %s of %s rows of public.files_queue, more than the %s %% of LEGISYNC_MAX_DELETE_PERCENT',
               v_deleted, v_deleted + v_left, v_percent),
        'delete from public.files_queue where …');
    end if;
  end if;
  return null;
end
$function$;
alter function legisync.guard_delete() owner to postgres;
revoke all on function legisync.guard_delete() from public, anon, authenticated, service_role;

-- function legisync.guard_truncate()
CREATE OR REPLACE FUNCTION legisync.guard_truncate()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if not legisync.may_empty() then
    perform legisync.refuse_emptying(
      'TRUNCATE', 'it leaves public.files_queue empty, so the Workers have no files until `legisync backfill` has run',
      'truncate public.files_queue');
  end if;
  delete from legisync.claims;
  return null;
end
$function$;
alter function legisync.guard_truncate() owner to postgres;
revoke all on function legisync.guard_truncate() from public, anon, authenticated, service_role;

-- function legisync.has_witness()
CREATE OR REPLACE FUNCTION legisync.has_witness()
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  -- `low:` or `high:`, followed by the path.
  v_witness text := coalesce(current_setting('legisync.queue_witness', true), '');
  v_path text;
begin
  if exists (select from public.files_queue where file_path = substr(v_witness, strpos(v_witness, ':') + 1)) then
    return true;
  end if;
  if v_witness like 'low:%' then
    select max(file_path) into v_path from public.files_queue;
  else
    select min(file_path) into v_path from public.files_queue;
  end if;
  if v_path is null then
    return false;
  end if;
  perform set_config('legisync.queue_witness',
                     case when v_witness like 'low:%' then 'high:' else 'low:' end || v_path, false);
  return true;
end
$function$;
alter function legisync.has_witness() owner to postgres;
revoke all on function legisync.has_witness() from public, anon, authenticated, service_role;

-- function legisync.is_category(text)
CREATE OR REPLACE FUNCTION legisync.is_category(p_name text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN (p_name ~ '^[a-z0-9][a-z0-9_-]{0,62}$'::text);
alter function legisync.is_category(text) owner to postgres;
revoke all on function legisync.is_category(text) from public, anon, authenticated, service_role;

-- function legisync.is_file(text)
CREATE OR REPLACE FUNCTION legisync.is_file(p_name text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN ((p_name !~~ '%/'::text) AND (p_name !~~ '%.emptyFolderPlaceholder'::text));
alter function legisync.is_file(text) owner to postgres;
revoke all on function legisync.is_file(text) from public, anon, authenticated, service_role;

-- function legisync.is_finished(boolean,text,text[])
CREATE OR REPLACE FUNCTION legisync.is_finished(p_processed boolean, p_status text, p_done text[])
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN (COALESCE(p_processed, false) OR COALESCE((p_status = ANY (p_done)), false));
alter function legisync.is_finished(boolean,text,text[]) owner to postgres;
revoke all on function legisync.is_finished(boolean,text,text[]) from public, anon, authenticated, service_role;

-- function legisync.is_free(legisync.batch,timestamp with time zone,legisync.batch,timestamp with time zone)
CREATE OR REPLACE FUNCTION legisync.is_free(p_holder legisync.batch, p_held_until timestamp with time zone, p_batch legisync.batch, p_now timestamp with time zone)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN ((p_held_until IS NULL) OR (p_held_until <= p_now) OR (((p_holder).workflow = (p_batch).workflow) AND ((p_holder).run <> (p_batch).run)));
alter function legisync.is_free(legisync.batch,timestamp with time zone,legisync.batch,timestamp with time zone) owner to postgres;
revoke all on function legisync.is_free(legisync.batch,timestamp with time zone,legisync.batch,timestamp with time zone) from public, anon, authenticated, service_role;

-- function legisync.is_stale(text,text,timestamp with time zone,timestamp with time zone,timestamp with time zone,boolean,interval)
CREATE OR REPLACE FUNCTION legisync.is_stale(p_object_sha256 text, p_row_sha256 text, p_object_written timestamp with time zone, p_row_created timestamp with time zone, p_row_content_at timestamp with time zone, p_requeue boolean, p_grace interval)
 RETURNS boolean
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN (legisync.content_is_newer(p_object_sha256, p_row_sha256, p_object_written, p_row_created, p_row_content_at, p_grace) AND (NOT p_requeue) AND (p_object_written <= (now() - p_grace)));
alter function legisync.is_stale(text,text,timestamp with time zone,timestamp with time zone,timestamp with time zone,boolean,interval) owner to postgres;
revoke all on function legisync.is_stale(text,text,timestamp with time zone,timestamp with time zone,timestamp with time zone,boolean,interval) from public, anon, authenticated, service_role;

-- function legisync.keep_requeue()
CREATE OR REPLACE FUNCTION legisync.keep_requeue()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  s legisync.settings;
begin
  -- legisync's own update with newer content sets the mark itself.
  if new.content_at is distinct from old.content_at or not new.requeue then
    return new;
  end if;
  select * into s from legisync.settings;
  if (coalesce(new.processed, false) and not coalesce(old.processed, false))
     or (new.status::text = any (s.status_done) and new.status is distinct from old.status) then
    new.status := 'pending';
    new.processed := false;
    new.requeue := false;
  elsif new.status is distinct from old.status
     and (new.status::text = 'pending'
          or (old.status::text = 'pending' and new.status::text = any (s.status_in_progress))) then
    new.requeue := false;
  end if;
  if not new.requeue and new.status::text = 'pending' then
    delete from legisync.claims where file_path = new.file_path and state in ('held', 'waiting');
  end if;
  return new;
end
$function$;
alter function legisync.keep_requeue() owner to postgres;
revoke all on function legisync.keep_requeue() from public, anon, authenticated, service_role;

-- function legisync.list_dangling(text,interval,integer)
CREATE OR REPLACE FUNCTION legisync.list_dangling(p_bucket text, p_grace interval, p_limit integer)
 RETURNS json
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET enable_sort TO 'off'
 SET enable_nestloop TO 'off'
AS $function$
declare
  v_path text;
  v_row json;
  v_rows json[] := '{}'::json[];
begin
  for v_path in
    select f.file_path from public.files_queue f
    where f.bucket_id = p_bucket
      and not exists (select from legisync.current_objects() o where o.bucket_id = p_bucket and o.name = f.file_path)
    order by f.file_path
  loop
    select json_build_object('path', f.file_path, 'size', f.file_size, 'at', greatest(f.created_at, f.content_at),
                             'status', f.status, 'markedAt', f.dangling_since)
      into v_row
      from public.files_queue f
      where f.file_path = v_path and f.bucket_id = p_bucket
        and (f.dangling_since is not null or legisync.row_written(f.created_at, f.content_at) <= now() - p_grace);
    if found then
      v_rows := v_rows || v_row;
      exit when cardinality(v_rows) = p_limit;
    end if;
  end loop;
  return array_to_json(v_rows);
end
$function$;
alter function legisync.list_dangling(text,interval,integer) owner to postgres;
revoke all on function legisync.list_dangling(text,interval,integer) from public, anon, authenticated, service_role;

-- function legisync.list_missing(text,interval,integer)
CREATE OR REPLACE FUNCTION legisync.list_missing(p_bucket text, p_grace interval, p_limit integer)
 RETURNS json
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET enable_sort TO 'off'
 SET enable_nestloop TO 'off'
AS $function$
declare
  v_name text;
  v_file json;
  v_files json[] := '{}'::json[];
begin
  for v_name in
    select o.name from legisync.current_objects() o
    where o.bucket_id = p_bucket and legisync.is_file(o.name)
      and not exists (select from public.files_queue f where f.file_path = o.name)
    order by o.name
  loop
    select json_build_object('path', o.name, 'size', legisync.object_size(o.metadata),
                             'at', coalesce(o.updated_at, o.created_at))
      into v_file
      from legisync.current_objects() o
      where o.bucket_id = p_bucket and o.name = v_name
        and (legisync.object_written(o.created_at, o.updated_at) <= now() - p_grace
             or not legisync.may_be_in_flight(o.name));
    if found then
      v_files := v_files || v_file;
      exit when cardinality(v_files) = p_limit;
    end if;
  end loop;
  return array_to_json(v_files);
end
$function$;
alter function legisync.list_missing(text,interval,integer) owner to postgres;
revoke all on function legisync.list_missing(text,interval,integer) from public, anon, authenticated, service_role;

-- function legisync.list_page(legisync.slices,integer,jsonb)
CREATE OR REPLACE FUNCTION legisync.list_page(v legisync.slices, p_page integer, p_documents jsonb)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if p_page = 1 and v.page = 1 then
    delete from legisync.listing_documents where slice = v.id and round = v.round;
    insert into legisync.listing_rounds (slice, round) values (v.id, v.round) on conflict do nothing;
  elsif not exists (select from legisync.listing_rounds where slice = v.id and round = v.round) then
    return false;
  end if;
  insert into legisync.listing_documents (slice, round, id)
    select distinct v.id, v.round, d.id from jsonb_to_recordset(p_documents) as d (id text)
    on conflict do nothing;
  return true;
end
$function$;
alter function legisync.list_page(legisync.slices,integer,jsonb) owner to postgres;
revoke all on function legisync.list_page(legisync.slices,integer,jsonb) from public, anon, authenticated, service_role;

-- function legisync.list_stale(text,interval,integer)
CREATE OR REPLACE FUNCTION legisync.list_stale(p_bucket text, p_grace interval, p_limit integer)
 RETURNS json
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET work_mem TO '64MB'
 SET enable_mergejoin TO 'off'
 SET enable_nestloop TO 'off'
AS $function$
begin
  return (
    select coalesce(json_agg(json_build_object(
             'path', s.path, 'size', s.size, 'at', s.at, 'rowAt', s.row_at, 'status', s.status) order by s.path), '[]')
    from (
      select o.name as path, legisync.object_size(o.metadata) as size, coalesce(o.updated_at, o.created_at) as at,
             greatest(f.created_at, f.content_at) as row_at, f.status
      from legisync.current_objects() o join public.files_queue f on f.file_path = o.name and f.bucket_id = o.bucket_id
      where o.bucket_id = p_bucket and legisync.is_file(o.name)
        and legisync.is_stale(
          o.user_metadata ->> 'sha256', f.content_sha256, legisync.object_written(o.created_at, o.updated_at),
          f.created_at, f.content_at, f.requeue, p_grace)
      order by o.name limit p_limit) s);
end
$function$;
alter function legisync.list_stale(text,interval,integer) owner to postgres;
revoke all on function legisync.list_stale(text,interval,integer) from public, anon, authenticated, service_role;

-- function legisync.listed_elsewhere(text,integer,bigint[],text[])
CREATE OR REPLACE FUNCTION legisync.listed_elsewhere(p_collection text, p_pass integer, p_slices bigint[], p_ids text[])
 RETURNS text[]
 LANGUAGE sql
 STABLE
RETURN ARRAY(SELECT DISTINCT l.id FROM (legisync.slices s JOIN legisync.listing_documents l ON ((l.slice = s.id))) WHERE ((s.collection = listed_elsewhere.p_collection) AND (s.pass = listed_elsewhere.p_pass) AND (s.id <> ALL (listed_elsewhere.p_slices)) AND (l.id = ANY (listed_elsewhere.p_ids))));
alter function legisync.listed_elsewhere(text,integer,bigint[],text[]) owner to postgres;
revoke all on function legisync.listed_elsewhere(text,integer,bigint[],text[]) from public, anon, authenticated, service_role;

-- function legisync.lock_claimed(legisync.settings,uuid,text[])
CREATE OR REPLACE FUNCTION legisync.lock_claimed(s legisync.settings, p_token uuid, p_paths text[])
 RETURNS text[]
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
begin
  perform legisync.check_given('p_token', p_token);
  perform legisync.check_list('p_paths', p_paths, 0, 1000);
  perform from public.files_queue f where f.file_path = any (p_paths) order by f.file_path for update;
  return array(
    select f.file_path
    from public.files_queue f join legisync.claims c on c.file_path = f.file_path
    where f.file_path = any (p_paths) and c.token = p_token and c.state = 'held'
      and f.status::text = s.write_in_progress);
end
$function$;
alter function legisync.lock_claimed(legisync.settings,uuid,text[]) owner to postgres;
revoke all on function legisync.lock_claimed(legisync.settings,uuid,text[]) from public, anon, authenticated, service_role;

-- function legisync.lock_slice(bigint,jsonb)
CREATE OR REPLACE FUNCTION legisync.lock_slice(p_slice bigint, p_batch jsonb)
 RETURNS legisync.slices
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_batch legisync.batch := legisync.to_batch(p_batch);
  v legisync.slices;
begin
  perform legisync.check_bounds('p_slice', p_slice, 1, 9223372036854775807);
  select * into v from legisync.slices where id = p_slice for update;
  if v.state = 'open' and v.holder = v_batch then
    return v;
  end if;
  return null;
end
$function$;
alter function legisync.lock_slice(bigint,jsonb) owner to postgres;
revoke all on function legisync.lock_slice(bigint,jsonb) from public, anon, authenticated, service_role;

-- function legisync.mark_absent(text,integer)
CREATE OR REPLACE FUNCTION legisync.mark_absent(p_collection text, p_pass integer)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_listing record;
begin
  for v_listing in
    select s.source, coalesce(s.code_id, '') as code_id, array_agg(s.id) as slices,
           bool_and(exists (select from legisync.listing_rounds r where r.slice = s.id and r.round = s.round)) as whole
      from legisync.slices s
      where s.collection = p_collection and s.pass = p_pass and s.state <> 'split'
      group by s.source, s.code_id
      having bool_and(s.state = 'complete') and not bool_and(s.absences_marked)
      -- In a fixed order, so that two concurrent calls cannot deadlock.
      order by s.source, s.code_id
  loop
    if v_listing.whole and not legisync.mark_absent_documents(
         p_collection, p_pass, v_listing.source, v_listing.code_id, v_listing.slices) then
      return false;
    end if;
    update legisync.slices set absences_marked = true where id = any (v_listing.slices);
  end loop;
  return true;
end
$function$;
alter function legisync.mark_absent(text,integer) owner to postgres;
revoke all on function legisync.mark_absent(text,integer) from public, anon, authenticated, service_role;

-- function legisync.mark_absent_documents(text,integer,text,text,bigint[])
CREATE OR REPLACE FUNCTION legisync.mark_absent_documents(p_collection text, p_pass integer, p_source text, p_code_id text, p_slices bigint[])
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET enable_nestloop TO 'off'
 SET work_mem TO '64MB'
AS $function$
declare
  v_ids text[];
  v_elsewhere text[];
  v_locked text[];
begin
  select array_agg(id) into v_ids from (
    select d.id from legisync.documents d
    where d.category = p_collection and d.source = p_source and d.code_id = p_code_id and d.absent_since is null
      and not exists (select from legisync.listing_documents l where l.slice = any (p_slices) and l.id = d.id)
    order by d.id limit 10000) absent;
  if v_ids is null then
    return true;
  end if;
  v_elsewhere := legisync.listed_elsewhere(p_collection, p_pass, p_slices, v_ids);
  v_locked := array(
    select id from legisync.documents
    where category = p_collection and id = any (v_ids)
    order by id for update skip locked);
  update legisync.documents set absent_since = p_pass
    where category = p_collection and id = any (v_locked);
  update legisync.documents set state = 'superseded', next_attempt_at = null
    where category = p_collection and id = any (v_locked) and p_code_id <> ''
      and state in ('discovered', 'stored', 'failed') and id <> all (v_elsewhere);
  update legisync.documents set state = 'withdrawn', next_attempt_at = null
    where category = p_collection and id = any (v_locked) and state = 'unavailable' and id <> all (v_elsewhere);
  return cardinality(v_locked) = cardinality(v_ids) and cardinality(v_ids) < 10000;
end
$function$;
alter function legisync.mark_absent_documents(text,integer,text,text,bigint[]) owner to postgres;
revoke all on function legisync.mark_absent_documents(text,integer,text,text,bigint[]) from public, anon, authenticated, service_role;

-- function legisync.mark_dangling(text,text[],timestamp with time zone)
CREATE OR REPLACE FUNCTION legisync.mark_dangling(p_bucket text, p_paths text[], p_before timestamp with time zone, OUT marked integer, OUT hidden integer)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  v_now timestamptz := clock_timestamp();
  v_dangling public.files_queue.status%type;
begin
  select write_dangling into v_dangling from legisync.settings;
  with changed as (
    update public.files_queue f set
        dangling_since = coalesce(f.dangling_since, v_now),
        status = case when f.status = 'pending' then coalesce(v_dangling, f.status) else f.status end
      where f.file_path = any (p_paths) and f.bucket_id = p_bucket
        and case when f.dangling_since is null then legisync.row_written(f.created_at, f.content_at) <= p_before
                 else f.status = 'pending' end
        and not exists (select from legisync.current_objects() o where o.bucket_id = p_bucket and o.name = f.file_path)
      returning f.status, f.dangling_since)
  select count(*) filter (where dangling_since = v_now), count(*) filter (where status = v_dangling)
    into marked, hidden from changed;
end
$function$;
alter function legisync.mark_dangling(text,text[],timestamp with time zone) owner to postgres;
revoke all on function legisync.mark_dangling(text,text[],timestamp with time zone) from public, anon, authenticated, service_role;

-- function legisync.mark_unlisted(text,integer)
CREATE OR REPLACE FUNCTION legisync.mark_unlisted(p_collection text, p_pass integer)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  v_ids text[];
  v_elsewhere text[];
begin
  v_ids := array(
    select d.id from legisync.documents d
    where d.category = p_collection and d.next_attempt_at is not null and d.absent_since is null
      and (d.state = 'unavailable' or (d.state = 'failed' and d.code_id <> ''))
      and not exists (
        select from legisync.slices s
        where s.collection = p_collection and s.pass = p_pass and s.source = d.source and s.state <> 'split'
          and (coalesce(s.code_id, '') = d.code_id or (s.kind = 'source' and s.state = 'parked')))
    order by d.id limit 10000 for update skip locked);
  v_elsewhere := legisync.listed_elsewhere(p_collection, p_pass, '{}', v_ids);
  update legisync.documents set absent_since = p_pass
    where category = p_collection and id = any (v_ids);
  update legisync.documents
    set state = case state when 'unavailable' then 'withdrawn' else 'superseded' end, next_attempt_at = null
    where category = p_collection and id = any (v_ids) and id <> all (v_elsewhere);
end
$function$;
alter function legisync.mark_unlisted(text,integer) owner to postgres;
revoke all on function legisync.mark_unlisted(text,integer) from public, anon, authenticated, service_role;

-- function legisync.may_be_in_flight(text)
CREATE OR REPLACE FUNCTION legisync.may_be_in_flight(p_name text)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return not exists (
    select from legisync.documents d
    where d.category = split_part(p_name, '/', 2)
      and d.id = split_part(split_part(p_name, '/', 3), '.', 1)
      and p_name = legisync.document_path(d.category, d.id)
      and (d.held_until is null or d.held_until <= now()));
end
$function$;
alter function legisync.may_be_in_flight(text) owner to postgres;
revoke all on function legisync.may_be_in_flight(text) from public, anon, authenticated, service_role;

-- function legisync.may_empty()
CREATE OR REPLACE FUNCTION legisync.may_empty()
 RETURNS boolean
 LANGUAGE sql
 STABLE
RETURN (NOT (current_setting('legisync.allow_emptying'::text, true) IS DISTINCT FROM 'files_queue'::text));
alter function legisync.may_empty() owner to postgres;
revoke all on function legisync.may_empty() from public, anon, authenticated, service_role;

-- function legisync.move_backfill(legisync.backfill_runs,legisync.chunk_result,double precision)
CREATE OR REPLACE FUNCTION legisync.move_backfill(r legisync.backfill_runs, v legisync.chunk_result, p_seconds double precision)
 RETURNS legisync.backfill_runs
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_phase text := r.phase;
begin
  if v.more then
    r.position := v.upto;
  else
    r.position := '';
    r.phase := case r.phase when 'queue' then 'catch_up' when 'catch_up' then 'verify' else 'end' end;
  end if;
  insert into legisync.backfill_chunks (run, number, phase, position, scanned, changed, seconds)
    values (r.id, r.chunks + 1, r.phase, r.position, v.scanned, v.changed, p_seconds);
  update legisync.backfill_runs set
      phase = r.phase,
      position = r.position,
      state = case r.phase when 'end' then 'completed' else 'running' end,
      chunks = chunks + 1,
      scanned = scanned + case when v_phase in ('queue', 'sizes') then v.scanned else 0 end,
      queued = queued + case when v_phase in ('queue', 'catch_up') then v.changed else 0 end,
      caught_up = caught_up + case when v_phase = 'catch_up' then v.changed else 0 end,
      sized = sized + case when v_phase = 'sizes' then v.changed else 0 end,
      missing = missing + coalesce(v.missing, 0),
      in_flight = in_flight + coalesce(v.in_flight, 0),
      held_by_other_bucket = held_by_other_bucket + coalesce(v.held, 0),
      skipped = skipped + coalesce(v.skipped, 0),
      busy_seconds = busy_seconds + p_seconds,
      updated_at = clock_timestamp()
    where id = r.id
    returning * into r;
  return r;
end
$function$;
alter function legisync.move_backfill(legisync.backfill_runs,legisync.chunk_result,double precision) owner to postgres;
revoke all on function legisync.move_backfill(legisync.backfill_runs,legisync.chunk_result,double precision) from public, anon, authenticated, service_role;

-- function legisync.move_slice(legisync.slices,integer,text,interval)
CREATE OR REPLACE FUNCTION legisync.move_slice(v legisync.slices, p_page integer, p_action text, p_lease interval)
 RETURNS legisync.slices
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_last_round integer;
begin
  v.attempts := 0;
  if p_action in ('continue', 'release') then
    v.page := greatest(v.page, p_page + 1);
  elsif p_action = 'whole' or legisync.same_as_last_round(v) then
    v.state := 'complete';
  elsif v.round >= 8 then
    v.state := 'parked';
    v.code := 'ENUMERATION_UNSTABLE';
    v.message := 'Eight rounds in a row listed different documents.';
  else
    v.round := v.round + 1;
    v.page := 1;
  end if;
  if p_action = 'continue' then
    v.held_until := clock_timestamp() + p_lease;
  else
    v.holder := null;
    v.held_since := null;
    v.held_until := null;
  end if;
  if p_action = 'round' then
    v_last_round := case v.state when 'open' then v.round - 1 else v.round end;
    delete from legisync.listing_documents where slice = v.id and round < v_last_round;
    delete from legisync.listing_rounds where slice = v.id and round < v_last_round;
  end if;
  update legisync.slices set
      state = v.state, page = v.page, round = v.round, attempts = v.attempts, code = v.code, message = v.message,
      holder = v.holder, held_since = v.held_since, held_until = v.held_until
    where id = v.id;
  return v;
end
$function$;
alter function legisync.move_slice(legisync.slices,integer,text,interval) owner to postgres;
revoke all on function legisync.move_slice(legisync.slices,integer,text,interval) from public, anon, authenticated, service_role;

-- function legisync.next_missing(legisync.backfill_runs,integer)
CREATE OR REPLACE FUNCTION legisync.next_missing(r legisync.backfill_runs, p_size integer, OUT scanned integer, OUT upto text, OUT missing text[])
 RETURNS record
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET enable_sort TO 'off'
 SET enable_nestloop TO 'off'
AS $function$
begin
  select count(*), max(o.name),
         array_agg(o.name order by o.name)
           filter (where f.file_path is null and legisync.is_file(o.name) and starts_with(o.name, r.prefix))
    into scanned, upto, missing
    from (select name from storage.objects
          where bucket_id = r.bucket_id and name > r.position order by name limit p_size) o
    left join public.files_queue f on f.file_path = o.name and f.file_path > r.position collate "default";
end
$function$;
alter function legisync.next_missing(legisync.backfill_runs,integer) owner to postgres;
revoke all on function legisync.next_missing(legisync.backfill_runs,integer) from public, anon, authenticated, service_role;

-- function legisync.next_objects(text,text,integer)
CREATE OR REPLACE FUNCTION legisync.next_objects(p_bucket text, p_after text, p_size integer, OUT scanned integer, OUT upto text)
 RETURNS record
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET enable_sort TO 'off'
AS $function$
begin
  select count(*), max(o.name) into scanned, upto
    from (select name from storage.objects where bucket_id = p_bucket and name > p_after order by name limit p_size) o;
end
$function$;
alter function legisync.next_objects(text,text,integer) owner to postgres;
revoke all on function legisync.next_objects(text,text,integer) from public, anon, authenticated, service_role;

-- function legisync.next_paths(text,integer)
CREATE OR REPLACE FUNCTION legisync.next_paths(p_after text, p_size integer, OUT scanned integer, OUT upto text)
 RETURNS record
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET enable_sort TO 'off'
AS $function$
begin
  select count(*), max(f.file_path collate "default") into scanned, upto
    from (select file_path from public.files_queue where file_path > p_after collate "default"
          order by file_path collate "default" limit p_size) f;
end
$function$;
alter function legisync.next_paths(text,integer) owner to postgres;
revoke all on function legisync.next_paths(text,integer) from public, anon, authenticated, service_role;

-- function legisync.object_size(jsonb)
CREATE OR REPLACE FUNCTION legisync.object_size(p_metadata jsonb)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN ((p_metadata ->> 'size'::text) ~ '^[0-9]{1,18}$'::text) THEN ((p_metadata ->> 'size'::text))::bigint ELSE NULL::bigint END;
alter function legisync.object_size(jsonb) owner to postgres;
revoke all on function legisync.object_size(jsonb) from public, anon, authenticated, service_role;

-- function legisync.object_written(timestamp with time zone,timestamp with time zone)
CREATE OR REPLACE FUNCTION legisync.object_written(p_created timestamp with time zone, p_updated timestamp with time zone)
 RETURNS timestamp with time zone
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN COALESCE(p_updated, p_created, '-infinity'::timestamp with time zone);
alter function legisync.object_written(timestamp with time zone,timestamp with time zone) owner to postgres;
revoke all on function legisync.object_written(timestamp with time zone,timestamp with time zone) from public, anon, authenticated, service_role;

-- function legisync.oldest_pending()
CREATE OR REPLACE FUNCTION legisync.oldest_pending()
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  return least(
    (select created_at from public.files_queue
      where status = 'pending' and not backfilled and processed is not true and dangling_since is null
      order by created_at limit 1),
    (select created_at from public.files_queue
      where status = 'pending' and backfilled and processed is not true and dangling_since is null
      order by created_at limit 1));
end
$function$;
alter function legisync.oldest_pending() owner to postgres;
revoke all on function legisync.oldest_pending() from public, anon, authenticated, service_role;

-- function legisync.queue_objects(text,text[])
CREATE OR REPLACE FUNCTION legisync.queue_objects(p_bucket text, p_paths text[], OUT queued integer, OUT requeued integer, OUT held_by_other_bucket integer)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  v_locked text[];
begin
  insert into public.files_queue (file_path, bucket_id, file_size, status, processed, content_sha256, content_at)
    select o.name, o.bucket_id, legisync.object_size(o.metadata), 'pending', false, o.user_metadata ->> 'sha256',
           legisync.object_written(o.created_at, o.updated_at)
    from legisync.current_objects() o where o.bucket_id = p_bucket and o.name = any (p_paths)
    order by o.name
    on conflict (file_path) do nothing;
  get diagnostics queued = row_count;
  -- From here on, only locked rows: a row that was deleted and inserted again would be locked out of order.
  v_locked := array(
    select f.file_path from public.files_queue f where f.file_path = any (p_paths) order by f.file_path for update);
  perform legisync.restore_dangling(p_bucket, v_locked);
  select c.pending_again + c.requeued into requeued
    from legisync.settings s cross join lateral legisync.take_over_content(p_bucket, v_locked, s.grace, false) c;
  select count(*) into held_by_other_bucket
    from public.files_queue f where f.file_path = any (p_paths) and f.bucket_id is distinct from p_bucket;
end
$function$;
alter function legisync.queue_objects(text,text[]) owner to postgres;
revoke all on function legisync.queue_objects(text,text[]) from public, anon, authenticated, service_role;

-- function legisync.record_slice_failure(bigint,jsonb,integer,text,text,interval)
CREATE OR REPLACE FUNCTION legisync.record_slice_failure(p_slice bigint, p_batch jsonb, p_attempts integer, p_code text, p_message text, p_delay interval)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v legisync.slices := legisync.lock_slice(p_slice, p_batch);
begin
  perform legisync.check_bounds('p_attempts', p_attempts, 0, 2147483647);
  perform legisync.check_text('p_code', p_code, 1, 100);
  perform legisync.check_text('p_message', p_message, 0, 1000000);
  update legisync.slices set
      attempts = attempts + 1, code = p_code, message = left(p_message, 500),
      state = case when p_delay is null then 'parked' else 'open' end,
      next_attempt_at = clock_timestamp() + coalesce(p_delay, interval '0'),
      holder = null, held_since = null, held_until = null
    where id = v.id and attempts = p_attempts;
  return found;
end
$function$;
alter function legisync.record_slice_failure(bigint,jsonb,integer,text,text,interval) owner to postgres;
revoke all on function legisync.record_slice_failure(bigint,jsonb,integer,text,text,interval) from public, anon, authenticated, service_role;

-- function legisync.refuse_emptying(text,text,text)
CREATE OR REPLACE FUNCTION legisync.refuse_emptying(p_what text, p_consequence text, p_example text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  raise exception using
    message = format(
      '%s is refused: %s. If this is intended: begin; set local legisync.allow_emptying = ''files_queue''; %s; commit;',
      p_what, p_consequence, p_example),
    hint = 'Afterwards, `legisync backfill` queues every file of the bucket as pending, including those that were '
      'processed. `legisync backfill --status processed --before DATE` queues the files from before a date as '
      'processed.';
end
$function$;
alter function legisync.refuse_emptying(text,text,text) owner to postgres;
revoke all on function legisync.refuse_emptying(text,text,text) from public, anon, authenticated, service_role;

-- function legisync.refused(text[],text[])
CREATE OR REPLACE FUNCTION legisync.refused(p_paths text[], p_known text[])
 RETURNS json
 LANGUAGE sql
 IMMUTABLE
RETURN (SELECT COALESCE(json_agg(p.path ORDER BY p.path), '[]'::json) AS "coalesce" FROM (SELECT DISTINCT unnest(refused.p_paths) AS unnest) p(path) WHERE (p.path <> ALL (refused.p_known)));
alter function legisync.refused(text[],text[]) owner to postgres;
revoke all on function legisync.refused(text[],text[]) from public, anon, authenticated, service_role;

-- function legisync.register_documents(text,text,text,text,integer,jsonb,text)
CREATE OR REPLACE FUNCTION legisync.register_documents(p_bucket text, p_category text, p_source text, p_code_id text, p_pass integer, p_documents jsonb, p_adopt text)
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  v_ids text[];
  v_revisions text[];
  v_known text[];
  v_pass integer;
  v_complete integer;
  v_sources text[];
  v_discovered integer;
  v_changed text[];
  v_now timestamptz := clock_timestamp();
begin
  select array_agg(l.id order by l.id), array_agg(l.revision order by l.id) into v_ids, v_revisions
    from (select distinct on (d.id) d.id, d.revision
          from jsonb_to_recordset(p_documents) as d (id text, revision text) order by d.id) l;
  if v_ids is null then
    return 0;
  end if;
  select coalesce(p_pass, max(pass)), max(pass) filter (where completed_at is not null) into v_pass, v_complete
    from legisync.passes where collection = p_category;
  if v_pass is not null then
    v_sources := array(
      select source from legisync.slices where collection = p_category and pass = v_pass and kind = 'source');
  end if;

  v_known := array(select id from legisync.documents where category = p_category and id = any (v_ids));
  insert into legisync.documents (category, id, source, code_id, revision, state, next_attempt_at, stored_at)
    select p_category, l.id, p_source, p_code_id, l.revision,
           case when o.id is null then 'discovered' else 'stored' end,
           case when o.id is null then v_now end,
           o.updated_at
    from unnest(v_ids, v_revisions) as l (id, revision)
    left join legisync.current_objects() o
      on p_adopt = 'trust' and o.bucket_id = p_bucket and o.name = legisync.document_path(p_category, l.id)
        and o.user_metadata ->> 'sha256' is null
    where l.id <> all (v_known)
    order by l.id
    on conflict do nothing;
  get diagnostics v_discovered = row_count;

  select array_agg(id) into v_changed from (
    select d.id from legisync.documents d join unnest(v_ids, v_revisions) as l (id, revision) on l.id = d.id
    where d.category = p_category and d.id = any (v_ids)
      and legisync.relisted(d, p_source, p_code_id, l.revision, p_adopt, v_complete, v_sources, v_now)
          is distinct from d
    order by d.id for update of d) c;
  if v_changed is not null then
    update legisync.documents d set
        (source, code_id, revision, state, next_attempt_at, attempts, code, message, absent_since, stored_at) = (
          select r.source, r.code_id, r.revision, r.state, r.next_attempt_at, r.attempts, r.code, r.message,
                 r.absent_since, r.stored_at
          from legisync.relisted(d, p_source, p_code_id, l.revision, p_adopt, v_complete, v_sources, v_now) r)
      from unnest(v_ids, v_revisions) as l (id, revision)
      where d.category = p_category and d.id = l.id and d.id = any (v_changed);
  end if;
  return v_discovered;
end
$function$;
alter function legisync.register_documents(text,text,text,text,integer,jsonb,text) owner to postgres;
revoke all on function legisync.register_documents(text,text,text,text,integer,jsonb,text) from public, anon, authenticated, service_role;

-- function legisync.relisted(legisync.documents,text,text,text,text,integer,text[],timestamp with time zone)
CREATE OR REPLACE FUNCTION legisync.relisted(d legisync.documents, p_source text, p_code_id text, p_revision text, p_adopt text, p_complete_pass integer, p_sources text[], p_now timestamp with time zone)
 RETURNS legisync.documents
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_counts boolean := (d.source = p_source and d.code_id = p_code_id)
                   or d.state = 'superseded'
                   or coalesce(d.absent_since <= p_complete_pass, false)
                   or coalesce(d.source <> all (p_sources), false);
begin
  if (v_counts and d.revision is distinct from p_revision)
     or (p_adopt = 'refresh' and d.state = 'stored' and d.content_sha256 is null) then
    d.state := 'discovered';
    d.next_attempt_at := p_now;
    d.attempts := 0;
    d.code := null;
    d.message := null;
    d.stored_at := null;
  elsif d.state = 'superseded' then
    d.state := case when d.code is not null then 'failed' when d.stored_at is null then 'discovered' else 'stored' end;
    d.next_attempt_at := case when d.state <> 'stored' then p_now end;
  elsif d.state = 'withdrawn' and v_counts then
    d.state := 'unavailable';
    d.next_attempt_at := p_now;
  end if;
  if v_counts then
    d.source := p_source;
    d.code_id := p_code_id;
    d.revision := p_revision;
    d.absent_since := null;
  end if;
  return d;
end
$function$;
alter function legisync.relisted(legisync.documents,text,text,text,text,integer,text[],timestamp with time zone) owner to postgres;
revoke all on function legisync.relisted(legisync.documents,text,text,text,text,integer,text[],timestamp with time zone) from public, anon, authenticated, service_role;

-- function legisync.resolve_status_values()
CREATE OR REPLACE FUNCTION legisync.resolve_status_values()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  update legisync.settings s set
    write_done = (select v from unnest(s.status_done) with ordinality as u (v, n)
                  where v <> all (s.status_failed) and legisync.status_accepts(v) order by n limit 1),
    write_in_progress = (select v from unnest(s.status_in_progress) with ordinality as u (v, n)
                         where legisync.status_accepts(v) order by n limit 1),
    write_failed = (select v from unnest(s.status_failed) with ordinality as u (v, n)
                    where legisync.status_accepts(v) order by n limit 1),
    write_dangling = case when legisync.status_accepts('dangling') then 'dangling' end;
end
$function$;
alter function legisync.resolve_status_values() owner to postgres;
revoke all on function legisync.resolve_status_values() from public, anon, authenticated, service_role;

-- function legisync.restore_dangling(text,text[])
CREATE OR REPLACE FUNCTION legisync.restore_dangling(p_bucket text, p_paths text[])
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  v_rows integer;
begin
  update public.files_queue f set
      dangling_since = null,
      status = case when f.status::text = s.write_dangling then 'pending' else f.status end
    from legisync.settings s
    where f.file_path = any (p_paths) and f.bucket_id = p_bucket and f.dangling_since is not null
      and exists (select from legisync.current_objects() o where o.bucket_id = f.bucket_id and o.name = f.file_path);
  get diagnostics v_rows = row_count;
  return v_rows;
end
$function$;
alter function legisync.restore_dangling(text,text[]) owner to postgres;
revoke all on function legisync.restore_dangling(text,text[]) from public, anon, authenticated, service_role;

-- function legisync.retry_at(timestamp with time zone,double precision,double precision,integer)
CREATE OR REPLACE FUNCTION legisync.retry_at(p_now timestamp with time zone, p_seconds double precision, p_max_seconds double precision, p_attempts integer)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE
RETURN (p_now + make_interval(secs => LEAST((p_seconds * power((2)::double precision, (LEAST(p_attempts, 20))::double precision)), p_max_seconds)));
alter function legisync.retry_at(timestamp with time zone,double precision,double precision,integer) owner to postgres;
revoke all on function legisync.retry_at(timestamp with time zone,double precision,double precision,integer) from public, anon, authenticated, service_role;

-- function legisync.row_written(timestamp with time zone,timestamp with time zone)
CREATE OR REPLACE FUNCTION legisync.row_written(p_created timestamp with time zone, p_content_at timestamp with time zone)
 RETURNS timestamp with time zone
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN COALESCE(GREATEST(p_created, p_content_at), '-infinity'::timestamp with time zone);
alter function legisync.row_written(timestamp with time zone,timestamp with time zone) owner to postgres;
revoke all on function legisync.row_written(timestamp with time zone,timestamp with time zone) from public, anon, authenticated, service_role;

-- function legisync.same_as_last_round(legisync.slices)
CREATE OR REPLACE FUNCTION legisync.same_as_last_round(v legisync.slices)
 RETURNS boolean
 LANGUAGE sql
 STABLE
RETURN ((EXISTS (SELECT FROM legisync.listing_rounds WHERE ((listing_rounds.slice = (same_as_last_round.v).id) AND (listing_rounds.round = ((same_as_last_round.v).round - 1))))) AND (NOT (EXISTS (SELECT FROM legisync.listing_documents WHERE ((listing_documents.slice = (same_as_last_round.v).id) AND (listing_documents.round = ANY (ARRAY[((same_as_last_round.v).round - 1), (same_as_last_round.v).round]))) GROUP BY listing_documents.id HAVING (count(*) = 1)))));
alter function legisync.same_as_last_round(legisync.slices) owner to postgres;
revoke all on function legisync.same_as_last_round(legisync.slices) from public, anon, authenticated, service_role;

-- function legisync.set_status(text[],text)
CREATE OR REPLACE FUNCTION legisync.set_status(p_paths text[], p_status text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  v_status public.files_queue.status%type := p_status;
begin
  update public.files_queue set status = v_status where file_path = any (p_paths);
end
$function$;
alter function legisync.set_status(text[],text) owner to postgres;
revoke all on function legisync.set_status(text[],text) from public, anon, authenticated, service_role;

-- function legisync.settle_batch(text,text,legisync.batch,text[],text[],jsonb)
CREATE OR REPLACE FUNCTION legisync.settle_batch(p_bucket text, p_category text, p_batch legisync.batch, p_known text[], p_found text[], p_failures jsonb)
 RETURNS text[]
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  v_held text[];
  v_now timestamptz;
begin
  select coalesce(array_agg(id), '{}') into v_held from (
    select d.id from legisync.documents d
    where d.holder = p_batch and d.held_until is not null and d.category = p_category
    order by d.id for update) held;
  v_now := clock_timestamp();

  update legisync.documents d set
      state = case when legisync.settles(d) then 'stored' else d.state end,
      stored_at = case when legisync.settles(d) then v_now else d.stored_at end,
      content_sha256 = o.user_metadata ->> 'sha256',
      attempts = 0, code = null, message = null,
      next_attempt_at = case when d.next_attempt_at > d.held_since then d.next_attempt_at end,
      holder = null, held_since = null, held_until = null
    from legisync.current_objects() o
    where d.category = p_category and d.id = any (v_held) and d.id = any (p_found)
      and o.bucket_id = p_bucket and o.name = legisync.document_path(p_category, d.id);

  perform legisync.settle_failures(p_category, v_held, v_now, p_failures || coalesce((
    select jsonb_agg(jsonb_build_object(
      'id', id, 'code', 'OBJECT_MISSING', 'retrySeconds', 60, 'maxSeconds', 86400, 'unavailable', false,
      'message', 'The object is not in the bucket, although it was uploaded or existed before.'))
    from unnest(p_known) id where id <> all (p_found)), '[]'));

  update legisync.documents set holder = null, held_since = null, held_until = null
    where category = p_category and id = any (v_held) and held_until is not null;

  return array(
    select d.id from legisync.documents d
    where d.category = p_category and d.id <> all (v_held)
      and d.id = any (p_known || array(select f ->> 'id' from jsonb_array_elements(p_failures) f))
      and (d.held_until is not null or d.next_attempt_at <= v_now)
    order by d.id);
end
$function$;
alter function legisync.settle_batch(text,text,legisync.batch,text[],text[],jsonb) owner to postgres;
revoke all on function legisync.settle_batch(text,text,legisync.batch,text[],text[],jsonb) from public, anon, authenticated, service_role;

-- function legisync.settle_failures(text,text[],timestamp with time zone,jsonb)
CREATE OR REPLACE FUNCTION legisync.settle_failures(p_category text, p_held text[], p_now timestamp with time zone, p_failures jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
begin
  update legisync.documents d set
      state = case when not x.unavailable then 'failed'
                   when d.absent_since is null then 'unavailable'
                   else 'withdrawn' end,
      attempts = d.attempts + 1,
      code = x.code,
      message = left(x.message, 500),
      next_attempt_at = case
        when d.next_attempt_at > d.held_since then d.next_attempt_at
        when x.unavailable and d.absent_since is not null then null
        else legisync.retry_at(p_now, x."retrySeconds", x."maxSeconds", d.attempts) end,
      holder = null, held_since = null, held_until = null
    from jsonb_to_recordset(p_failures) as x (
      id text, code text, message text, "retrySeconds" double precision, "maxSeconds" double precision,
      unavailable boolean)
    where d.category = p_category and d.id = x.id and d.id = any (p_held) and d.state <> 'superseded';
end
$function$;
alter function legisync.settle_failures(text,text[],timestamp with time zone,jsonb) owner to postgres;
revoke all on function legisync.settle_failures(text,text[],timestamp with time zone,jsonb) from public, anon, authenticated, service_role;

-- function legisync.settles(legisync.documents)
CREATE OR REPLACE FUNCTION legisync.settles(d legisync.documents)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
RETURN (((d).state <> 'superseded'::text) AND (((d).next_attempt_at IS NULL) OR ((d).next_attempt_at <= (d).held_since)));
alter function legisync.settles(legisync.documents) owner to postgres;
revoke all on function legisync.settles(legisync.documents) from public, anon, authenticated, service_role;

-- function legisync.size_of_bucket(text)
CREATE OR REPLACE FUNCTION legisync.size_of_bucket(p_bucket text)
 RETURNS TABLE(n bigint, bytes numeric)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
begin
  return query
    select count(*), sum((metadata ->> 'size')::bigint) from legisync.current_objects() where bucket_id = p_bucket;
end
$function$;
alter function legisync.size_of_bucket(text) owner to postgres;
revoke all on function legisync.size_of_bucket(text) from public, anon, authenticated, service_role;

-- function legisync.slice_key(legisync.slices)
CREATE OR REPLACE FUNCTION legisync.slice_key(s legisync.slices)
 RETURNS json
 LANGUAGE sql
 IMMUTABLE
RETURN CASE (s).kind WHEN 'code'::text THEN json_build_object('kind', (s).kind, 'code', (s).code_id) WHEN 'window'::text THEN json_build_object('kind', (s).kind, 'from', (s).window_from, 'to', (s).window_to) ELSE json_build_object('kind', (s).kind) END;
alter function legisync.slice_key(legisync.slices) owner to postgres;
revoke all on function legisync.slice_key(legisync.slices) from public, anon, authenticated, service_role;

-- function legisync.status_accepts(text)
CREATE OR REPLACE FUNCTION legisync.status_accepts(p_value text)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_type text;
  v_number smallint;
  v_check text;
  v_ok boolean;
begin
  select format_type(atttypid, atttypmod), attnum into strict v_type, v_number
    from pg_attribute where attrelid = 'public.files_queue'::regclass and attname = 'status';
  begin
    -- A cast truncates a value that is too long for the type, without an error.
    execute format('select (%L::%s)::text = %L', p_value, v_type, p_value) into v_ok;
  exception when data_exception or check_violation then
    return false;
  end;
  for v_check in
    select pg_get_expr(conbin, conrelid) from pg_constraint
    where conrelid = 'public.files_queue'::regclass and contype = 'c' and conkey = array[v_number]
  loop
    exit when not v_ok;
    execute format('select (%s) is not false from (select %L::%s as status) w', v_check, p_value, v_type) into v_ok;
  end loop;
  return v_ok;
end
$function$;
alter function legisync.status_accepts(text) owner to postgres;
revoke all on function legisync.status_accepts(text) from public, anon, authenticated, service_role;

-- function legisync.take_over_content(text,text[],interval,boolean)
CREATE OR REPLACE FUNCTION legisync.take_over_content(p_bucket text, p_paths text[], p_grace interval, p_sizes boolean, OUT pending_again integer, OUT requeued integer, OUT resized integer)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
begin
  with changed as (
    update public.files_queue f set
        content_sha256 = case when d.newer or d.adopt then d.sha256 else f.content_sha256 end,
        file_size = coalesce(d.size, f.file_size),
        content_at = d.written,
        status = case when d.newer and d.finished then 'pending' else f.status end,
        processed = case when d.newer and d.finished then false else f.processed end,
        requeue = case when d.newer then not d.finished else f.requeue end,
        backfilled = f.backfilled and not d.newer
      from legisync.content_differences(p_bucket, p_paths, p_grace) d
      where f.file_path = d.file_path and f.file_path = any (p_paths) and (d.newer or d.adopt or p_sizes)
      returning f.file_path, f.status = 'pending' as is_pending, d.sha256, d.finished, d.newer, d.adopt
  ), ended as (
    delete from legisync.claims c using changed g
      where c.file_path = g.file_path and c.file_path = any (p_paths)
        and g.newer and g.is_pending and c.state <> 'completed'
  ), kept as (
    update legisync.claims c set content_sha256 = g.sha256 from changed g
      where c.file_path = g.file_path and c.file_path = any (p_paths) and g.adopt
  )
  select count(*) filter (where newer and finished), count(*) filter (where newer and not finished),
         count(*) filter (where not newer and not adopt)
    into pending_again, requeued, resized from changed;
end
$function$;
alter function legisync.take_over_content(text,text[],interval,boolean) owner to postgres;
revoke all on function legisync.take_over_content(text,text[],interval,boolean) from public, anon, authenticated, service_role;

-- function legisync.to_batch(jsonb)
CREATE OR REPLACE FUNCTION legisync.to_batch(p_batch jsonb)
 RETURNS legisync.batch
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_sequence numeric;
begin
  perform legisync.check_text('p_batch.workflow', p_batch ->> 'workflow', 1, 1000);
  perform legisync.check_text('p_batch.run', p_batch ->> 'run', 1, 1000);
  if jsonb_typeof(p_batch -> 'sequence') = 'number' then
    v_sequence := (p_batch -> 'sequence')::numeric;
  end if;
  perform legisync.check_bounds('p_batch.sequence', v_sequence, 0, 2147483647);
  return (p_batch ->> 'workflow', p_batch ->> 'run', v_sequence)::legisync.batch;
end
$function$;
alter function legisync.to_batch(jsonb) owner to postgres;
revoke all on function legisync.to_batch(jsonb) from public, anon, authenticated, service_role;

-- function public.legisync_backfill_chunk(bigint,text,text,integer)
CREATE OR REPLACE FUNCTION public.legisync_backfill_chunk(p_run bigint, p_phase text, p_position text, p_size integer)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET statement_timeout TO '30s'
AS $function$
declare
  r legisync.backfill_runs;
  v legisync.chunk_result;
  v_began timestamptz;
  v_seconds double precision;
begin
  perform legisync.check_bounds('p_run', p_run, 1, 9223372036854775807);
  perform legisync.check_choice('p_phase', p_phase, 'queue', 'catch_up', 'verify', 'sizes', 'end');
  perform legisync.check_text('p_position', p_position, 0, 1024);
  perform legisync.check_bounds('p_size', p_size, 1, 1000000);
  select * into r from legisync.backfill_runs where id = p_run;
  if r.state is distinct from 'running' and r.state is distinct from 'completed' then
    return json_build_object('outcome', 'gone');
  end if;
  if not pg_try_advisory_xact_lock(legisync.backfill_lock(r.bucket_id)) then
    return json_build_object('outcome', 'busy');
  end if;
  v_began := clock_timestamp();
  select * into strict r from legisync.backfill_runs where id = p_run for update;
  if (r.phase, r.position) <> (p_phase, p_position) or r.state <> 'running' then
    return json_build_object('outcome', 'already_done', 'run', legisync.backfill_json(r));
  end if;
  v := case p_phase
    when 'queue' then legisync.backfill_queue(r, p_size)
    when 'catch_up' then legisync.backfill_catch_up(r, p_size)
    when 'verify' then legisync.backfill_verify(r, p_size)
    else legisync.backfill_sizes(r, p_size) end;
  v_seconds := extract(epoch from clock_timestamp() - v_began);
  r := legisync.move_backfill(r, v, v_seconds);
  return json_build_object('outcome', 'done', 'phase', p_phase, 'scanned', v.scanned, 'changed', v.changed,
                           'seconds', v_seconds, 'run', legisync.backfill_json(r));
end
$function$;
comment on function public.legisync_backfill_chunk(bigint,text,text,integer) is 'Part of legisync. Executes one chunk of a backfill.';
alter function public.legisync_backfill_chunk(bigint,text,text,integer) owner to postgres;
revoke all on function public.legisync_backfill_chunk(bigint,text,text,integer) from public, anon, authenticated, service_role;
grant execute on function public.legisync_backfill_chunk(bigint,text,text,integer) to service_role;

-- function public.legisync_claim_files(text,integer,integer)
CREATE OR REPLACE FUNCTION public.legisync_claim_files(p_worker text, p_batch integer, p_lease_seconds integer)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET statement_timeout TO '30s'
AS $function$
declare
  s legisync.settings := legisync.claim_settings();
  v_in_progress public.files_queue.status%type := s.write_in_progress;
  v_token uuid := gen_random_uuid();
  v_now timestamptz;
  v_until timestamptz;
  v_files json;
begin
  perform legisync.check_text('p_worker', p_worker, 1, 200);
  perform legisync.check_bounds('p_batch', p_batch, 1, 1000);
  perform legisync.check_bounds('p_lease_seconds', p_lease_seconds, 1, 86400);
  perform legisync.expire_claims(s);
  v_now := clock_timestamp();
  v_until := v_now + make_interval(secs => p_lease_seconds);
  with picked as materialized (
    select f.file_path, row_number() over () as place from (
      select file_path from public.files_queue
      where status = 'pending' and processed is not true and dangling_since is null and file_path is not null
      order by backfilled, created_at limit p_batch for update skip locked) f
  ), taken as (
    update public.files_queue f set status = v_in_progress
    from picked p where f.file_path = p.file_path
    returning p.place, f.file_path, f.bucket_id, f.file_size, f.content_sha256
  ), claimed as (
    insert into legisync.claims as c (file_path, state, token, holder, attempts, content_sha256, held_since, held_until)
      select file_path, 'held', v_token, p_worker, 1, content_sha256, v_now, v_until from taken
      on conflict (file_path) do update set
        state = excluded.state, token = excluded.token, holder = excluded.holder,
        attempts = case when c.state = 'returned' and c.content_sha256 is not distinct from excluded.content_sha256
                        then c.attempts + 1 else 1 end,
        content_sha256 = excluded.content_sha256, held_since = excluded.held_since, held_until = excluded.held_until,
        due_at = null
      returning c.file_path, c.attempts
  )
  select json_agg(json_build_object(
      'filePath', t.file_path, 'bucketId', t.bucket_id, 'fileSize', t.file_size,
      'contentSha256', t.content_sha256, 'fileSha256', (
        select o.user_metadata ->> 'fileSha256' from legisync.current_objects() o
        where o.bucket_id = t.bucket_id and o.name = t.file_path),
      'attempt', c.attempts) order by t.place)
    into v_files
    from taken t join claimed c on c.file_path = t.file_path;
  return json_build_object('token', v_token, 'leaseUntil', v_until, 'files', coalesce(v_files, '[]'));
end
$function$;
comment on function public.legisync_claim_files(text,integer,integer) is 'Part of legisync. Hands out pending files to a Worker, with a lease.';
alter function public.legisync_claim_files(text,integer,integer) owner to postgres;
revoke all on function public.legisync_claim_files(text,integer,integer) from public, anon, authenticated, service_role;
grant execute on function public.legisync_claim_files(text,integer,integer) to service_role;

-- function public.legisync_collection_controls(text)
CREATE OR REPLACE FUNCTION public.legisync_collection_controls(p_collection text)
 RETURNS json
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET statement_timeout TO '20s'
AS $function$
begin
  perform legisync.check_category('p_collection', p_collection);
  return (
    select json_build_object('paused', paused, 'lanes', lanes) from legisync.controls where collection = p_collection);
end
$function$;
comment on function public.legisync_collection_controls(text) is 'Part of legisync. What an operator last set for a collection.';
alter function public.legisync_collection_controls(text) owner to postgres;
revoke all on function public.legisync_collection_controls(text) from public, anon, authenticated, service_role;
grant execute on function public.legisync_collection_controls(text) to service_role;

-- function public.legisync_collection_counts(text)
CREATE OR REPLACE FUNCTION public.legisync_collection_counts(p_collection text)
 RETURNS json
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET statement_timeout TO '30s'
AS $function$
declare
  v_pass legisync.passes;
begin
  perform legisync.check_category('p_collection', p_collection);
  select * into v_pass from legisync.passes where collection = p_collection order by pass desc limit 1;
  return json_build_object(
    'pass', coalesce(v_pass.pass, 0),
    'passComplete', v_pass.completed_at is not null,
    'documents', (select coalesce(json_object_agg(state, n), '{}') from (
      select state, count(*) as n from legisync.documents where category = p_collection group by state) d),
    'failures', (select coalesce(json_object_agg(code, n), '{}') from (
      select code, count(*) as n from legisync.documents
      where category = p_collection and state in ('failed', 'unavailable', 'withdrawn') group by code) f),
    'unavailable', (select coalesce(json_agg(json_build_object('source', source, 'code', code_id, 'count', n)), '[]')
      from (select source, code_id, count(*) as n from legisync.documents
            where category = p_collection and state = 'unavailable'
            group by source, code_id order by n desc, source, code_id limit 20) u),
    'openSlices', (select count(*) from legisync.slices
      where collection = p_collection and pass = v_pass.pass and state = 'open'),
    'parkedSliceCount', (select count(*) from legisync.slices
      where collection = p_collection and pass = v_pass.pass and state = 'parked'),
    'parkedSlices', (select coalesce(json_agg(json_build_object(
        'source', p.source, 'key', p.key, 'code', p.code, 'message', p.message) order by p.id), '[]')
      from (select s.id, s.source, legisync.slice_key(s) as key, s.code, s.message from legisync.slices s
            where s.collection = p_collection and s.pass = v_pass.pass and s.state = 'parked'
            order by s.id limit 20) p));
end
$function$;
comment on function public.legisync_collection_counts(text) is 'Part of legisync. Counts of a collection.';
alter function public.legisync_collection_counts(text) owner to postgres;
revoke all on function public.legisync_collection_counts(text) from public, anon, authenticated, service_role;
grant execute on function public.legisync_collection_counts(text) to service_role;

-- function public.legisync_complete_files(uuid,text[])
CREATE OR REPLACE FUNCTION public.legisync_complete_files(p_token uuid, p_paths text[])
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET statement_timeout TO '30s'
AS $function$
declare
  s legisync.settings := legisync.claim_settings();
  v_held text[] := legisync.lock_claimed(s, p_token, p_paths);
  v_before text[] := legisync.ended_before(p_token, p_paths, '{completed}');
  v_done public.files_queue.status%type := s.write_done;
  v_again text[];
begin
  -- First the claims: the trigger that makes a changed row pending again removes claims that are still held.
  perform legisync.end_claims(v_held, 'completed');
  update legisync.claims set error = null where file_path = any (v_held) and error is not null;
  with done as (
    update public.files_queue set status = v_done, processed = true where file_path = any (v_held)
    returning file_path, status)
  select coalesce(array_agg(file_path order by file_path) filter (where status = 'pending'), '{}')
    into v_again from done;
  return json_build_object(
    'completed', cardinality(v_held) - cardinality(v_again),
    'pendingAgain', to_json(v_again),
    'alreadyCompleted', cardinality(v_before),
    'refused', legisync.refused(p_paths, v_held || v_before));
end
$function$;
comment on function public.legisync_complete_files(uuid,text[]) is 'Part of legisync. Completes claimed files.';
alter function public.legisync_complete_files(uuid,text[]) owner to postgres;
revoke all on function public.legisync_complete_files(uuid,text[]) from public, anon, authenticated, service_role;
grant execute on function public.legisync_complete_files(uuid,text[]) to service_role;

-- function public.legisync_count_objects(text)
CREATE OR REPLACE FUNCTION public.legisync_count_objects(p_bucket text)
 RETURNS json
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET statement_timeout TO '20s'
AS $function$
begin
  perform legisync.check_text('p_bucket', p_bucket, 1, 100);
  return (select to_json(count(*)) from storage.objects where bucket_id = p_bucket);
end
$function$;
comment on function public.legisync_count_objects(text) is 'Part of legisync. How many objects a bucket holds.';
alter function public.legisync_count_objects(text) owner to postgres;
revoke all on function public.legisync_count_objects(text) from public, anon, authenticated, service_role;
grant execute on function public.legisync_count_objects(text) to service_role;

-- function public.legisync_describe_documents(text,text,jsonb,text[])
CREATE OR REPLACE FUNCTION public.legisync_describe_documents(p_bucket text, p_category text, p_batch jsonb, p_ids text[])
 RETURNS json
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET statement_timeout TO '20s'
AS $function$
declare
  v_batch legisync.batch := legisync.to_batch(p_batch);
begin
  perform legisync.check_text('p_bucket', p_bucket, 1, 100);
  perform legisync.check_category('p_category', p_category);
  perform legisync.check_list('p_ids', p_ids, 0, 1000);
  return (
    select coalesce(json_agg(json_build_object(
             'id', i.id, 'held', coalesce(d.holder = v_batch, false),
             'objectSha256', o.user_metadata ->> 'sha256')), '[]')
    from unnest(p_ids) as i (id)
    left join legisync.documents d on d.category = p_category and d.id = i.id and d.id = any (p_ids)
    left join legisync.current_objects() o
      on o.bucket_id = p_bucket and o.name = legisync.document_path(p_category, i.id));
end
$function$;
comment on function public.legisync_describe_documents(text,text,jsonb,text[]) is 'Part of legisync. Which documents a batch holds, and their hashes in Storage.';
alter function public.legisync_describe_documents(text,text,jsonb,text[]) owner to postgres;
revoke all on function public.legisync_describe_documents(text,text,jsonb,text[]) from public, anon, authenticated, service_role;
grant execute on function public.legisync_describe_documents(text,text,jsonb,text[]) to service_role;

-- function public.legisync_enqueue_documents(text,text,jsonb,text[],jsonb)
CREATE OR REPLACE FUNCTION public.legisync_enqueue_documents(p_bucket text, p_category text, p_batch jsonb, p_stored text[], p_failures jsonb)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET statement_timeout TO '30s'
AS $function$
declare
  v_batch legisync.batch := legisync.to_batch(p_batch);
  v_known text[];
  v_paths text[];
  q record;
  v_found text[];
  v_lost text[];
begin
  perform legisync.check_text('p_bucket', p_bucket, 1, 100);
  perform legisync.check_category('p_category', p_category);
  perform legisync.check_list('p_stored', p_stored, 0, 1000);
  perform legisync.check_failures(p_failures);
  v_known := array(select id from legisync.documents where category = p_category and id = any (p_stored));
  v_paths := array(
    select legisync.document_path(p_category, k.id) from unnest(v_known) with ordinality as k (id, n) order by n);
  select * into q from legisync.queue_objects(p_bucket, v_paths);
  v_found := array(
    select k.id from unnest(v_known, v_paths) as k (id, path)
    join legisync.current_objects() o on o.name = k.path
    where o.bucket_id = p_bucket and o.name = any (v_paths));
  v_lost := legisync.settle_batch(p_bucket, p_category, v_batch, v_known, v_found, p_failures);
  return json_build_object(
    'queued', q.queued,
    'requeued', q.requeued,
    -- A new row counts as requeued as well if its object changed at that moment.
    'unchanged', greatest(cardinality(v_found) - q.queued - q.requeued - q.held_by_other_bucket, 0),
    'heldByOtherBucket', q.held_by_other_bucket,
    'missing', array_to_json(array(select id from unnest(p_stored) id where id <> all (v_found))),
    'lost', array_to_json(v_lost));
end
$function$;
comment on function public.legisync_enqueue_documents(text,text,jsonb,text[],jsonb) is 'Part of legisync. Queues the stored documents of a batch, and ends the batch.';
alter function public.legisync_enqueue_documents(text,text,jsonb,text[],jsonb) owner to postgres;
revoke all on function public.legisync_enqueue_documents(text,text,jsonb,text[],jsonb) from public, anon, authenticated, service_role;
grant execute on function public.legisync_enqueue_documents(text,text,jsonb,text[],jsonb) to service_role;

-- function public.legisync_expire_claims()
CREATE OR REPLACE FUNCTION public.legisync_expire_claims()
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET statement_timeout TO '30s'
AS $function$
begin
  -- Without claims, the table's status need not accept their outcomes.
  if not exists (select from legisync.claims) then
    return json_build_object('ended', 0);
  end if;
  return json_build_object('ended', legisync.expire_claims(legisync.claim_settings()));
end
$function$;
comment on function public.legisync_expire_claims() is 'Part of legisync. Ends expired leases of files.';
alter function public.legisync_expire_claims() owner to postgres;
revoke all on function public.legisync_expire_claims() from public, anon, authenticated, service_role;
grant execute on function public.legisync_expire_claims() to service_role;

-- function public.legisync_extend_files(uuid,text[],integer)
CREATE OR REPLACE FUNCTION public.legisync_extend_files(p_token uuid, p_paths text[], p_lease_seconds integer)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET statement_timeout TO '30s'
AS $function$
declare
  v_held text[];
  v_until timestamptz;
begin
  perform legisync.check_bounds('p_lease_seconds', p_lease_seconds, 1, 86400);
  v_held := legisync.lock_claimed(legisync.claim_settings(), p_token, p_paths);
  v_until := clock_timestamp() + make_interval(secs => p_lease_seconds);
  update legisync.claims set held_until = v_until where file_path = any (v_held);
  return json_build_object(
    'extended', cardinality(v_held),
    'leaseUntil', v_until,
    'refused', legisync.refused(p_paths, v_held));
end
$function$;
comment on function public.legisync_extend_files(uuid,text[],integer) is 'Part of legisync. Extends the lease of claimed files.';
alter function public.legisync_extend_files(uuid,text[],integer) owner to postgres;
revoke all on function public.legisync_extend_files(uuid,text[],integer) from public, anon, authenticated, service_role;
grant execute on function public.legisync_extend_files(uuid,text[],integer) to service_role;

-- function public.legisync_fail_files(uuid,text[],text,integer)
CREATE OR REPLACE FUNCTION public.legisync_fail_files(p_token uuid, p_paths text[], p_error text, p_retry_seconds integer DEFAULT 0)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET statement_timeout TO '30s'
AS $function$
declare
  s legisync.settings := legisync.claim_settings();
  v_held text[];
  v_before text[];
  v_spent text[];
  v_again text[];
  v_waiting text[];
begin
  perform legisync.check_text('p_error', p_error, 0, 1000000);
  perform legisync.check_bounds('p_retry_seconds', p_retry_seconds, 0, 86400);
  v_held := legisync.lock_claimed(s, p_token, p_paths);
  v_before := legisync.ended_before(p_token, p_paths, '{waiting,returned,failed}');
  select coalesce(array_agg(c.file_path order by c.file_path) filter (
           where not f.requeue and c.attempts >= s.claim_attempts), '{}'),
         coalesce(array_agg(c.file_path) filter (
           where f.requeue or (c.attempts < s.claim_attempts and p_retry_seconds = 0)), '{}'),
         coalesce(array_agg(c.file_path) filter (
           where not f.requeue and c.attempts < s.claim_attempts and p_retry_seconds > 0), '{}')
    into v_spent, v_again, v_waiting
    from legisync.claims c join public.files_queue f on f.file_path = c.file_path
    where c.file_path = any (v_held);
  perform legisync.end_claims(v_spent, 'failed', p_error);
  perform legisync.end_claims(v_again, 'returned', p_error);
  perform legisync.end_claims(v_waiting, 'waiting', p_error, make_interval(secs => p_retry_seconds));
  perform legisync.set_status(v_spent, s.write_failed);
  perform legisync.set_status(v_again, 'pending');
  return json_build_object(
    'retried', cardinality(v_held) - cardinality(v_spent),
    'failed', to_json(v_spent),
    'alreadyEnded', cardinality(v_before),
    'refused', legisync.refused(p_paths, v_held || v_before));
end
$function$;
comment on function public.legisync_fail_files(uuid,text[],text,integer) is 'Part of legisync. Records that claimed files could not be processed.';
alter function public.legisync_fail_files(uuid,text[],text,integer) owner to postgres;
revoke all on function public.legisync_fail_files(uuid,text[],text,integer) from public, anon, authenticated, service_role;
grant execute on function public.legisync_fail_files(uuid,text[],text,integer) to service_role;

-- function public.legisync_fail_slice(bigint,jsonb,integer,text,text,double precision)
CREATE OR REPLACE FUNCTION public.legisync_fail_slice(p_slice bigint, p_batch jsonb, p_attempts integer, p_code text, p_message text, p_retry_seconds double precision)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET statement_timeout TO '20s'
AS $function$
begin
  perform legisync.check_bounds('p_retry_seconds', p_retry_seconds::numeric, 0, 31536000);
  return json_build_object('outcome', case
    when legisync.record_slice_failure(
      p_slice, p_batch, p_attempts, p_code, p_message, make_interval(secs => p_retry_seconds)) then 'open'
    else 'lost' end);
end
$function$;
comment on function public.legisync_fail_slice(bigint,jsonb,integer,text,text,double precision) is 'Part of legisync. Records a failure of a slice that will be retried.';
alter function public.legisync_fail_slice(bigint,jsonb,integer,text,text,double precision) owner to postgres;
revoke all on function public.legisync_fail_slice(bigint,jsonb,integer,text,text,double precision) from public, anon, authenticated, service_role;
grant execute on function public.legisync_fail_slice(bigint,jsonb,integer,text,text,double precision) to service_role;

-- function public.legisync_insertion_rate()
CREATE OR REPLACE FUNCTION public.legisync_insertion_rate()
 RETURNS json
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET statement_timeout TO '20s'
AS $function$
begin
  return (
    select coalesce(json_agg(json_build_object('minute', m.minute, 'filesInserted', m.n, 'buckets', m.buckets)
                             order by m.minute desc), '[]')
    from (
      select date_trunc('minute', created_at)::timestamptz as minute, count(*) as n,
             string_agg(distinct bucket_id, ', ') as buckets
      from public.files_queue where created_at > now() - interval '10 minutes' group by 1) m);
end
$function$;
comment on function public.legisync_insertion_rate() is 'Part of legisync. Rows inserted in the last ten minutes, by minute.';
alter function public.legisync_insertion_rate() owner to postgres;
revoke all on function public.legisync_insertion_rate() from public, anon, authenticated, service_role;
grant execute on function public.legisync_insertion_rate() to service_role;

-- function public.legisync_last_backfill(text)
CREATE OR REPLACE FUNCTION public.legisync_last_backfill(p_bucket text)
 RETURNS json
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET statement_timeout TO '20s'
AS $function$
begin
  perform legisync.check_bucket(p_bucket);
  return (
    select legisync.backfill_json(r) from legisync.backfill_runs r where bucket_id = p_bucket order by id desc limit 1);
end
$function$;
comment on function public.legisync_last_backfill(text) is 'Part of legisync. The last backfill of a bucket.';
alter function public.legisync_last_backfill(text) owner to postgres;
revoke all on function public.legisync_last_backfill(text) from public, anon, authenticated, service_role;
grant execute on function public.legisync_last_backfill(text) to service_role;

-- function public.legisync_lease_slice(text,integer,jsonb,integer)
CREATE OR REPLACE FUNCTION public.legisync_lease_slice(p_collection text, p_pass integer, p_batch jsonb, p_lease_seconds integer)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET statement_timeout TO '20s'
AS $function$
declare
  v_batch legisync.batch := legisync.to_batch(p_batch);
  v_now timestamptz := clock_timestamp();
  v legisync.slices;
begin
  perform legisync.check_category('p_collection', p_collection);
  perform legisync.check_bounds('p_pass', p_pass, 1, 2147483647);
  perform legisync.check_bounds('p_lease_seconds', p_lease_seconds, 1, 86400);
  update legisync.slices s set
      holder = v_batch,
      held_since = case when s.holder = v_batch then s.held_since else v_now end,
      held_until = v_now + make_interval(secs => p_lease_seconds)
    from (
      select id from legisync.slices
      where collection = p_collection and pass = p_pass and state = 'open' and next_attempt_at <= v_now
        and (holder = v_batch or legisync.is_free(holder, held_until, v_batch, v_now))
      order by coalesce(holder = v_batch, false) desc, id
      limit 1
      for update skip locked) free
    where s.id = free.id
    returning s.* into v;
  if v.id is null then
    return null;
  end if;
  return json_build_object('id', v.id, 'source', v.source, 'pass', v.pass, 'key', legisync.slice_key(v), 'page', v.page,
                           'round', v.round, 'attempts', v.attempts);
end
$function$;
comment on function public.legisync_lease_slice(text,integer,jsonb,integer) is 'Part of legisync. Leases an open slice to a batch.';
alter function public.legisync_lease_slice(text,integer,jsonb,integer) owner to postgres;
revoke all on function public.legisync_lease_slice(text,integer,jsonb,integer) from public, anon, authenticated, service_role;
grant execute on function public.legisync_lease_slice(text,integer,jsonb,integer) to service_role;

-- function public.legisync_list_differences(text,text,integer,integer)
CREATE OR REPLACE FUNCTION public.legisync_list_differences(p_bucket text, p_kind text, p_grace_seconds integer, p_limit integer)
 RETURNS json
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET statement_timeout TO '30s'
AS $function$
declare
  v_grace interval;
begin
  perform legisync.check_bucket(p_bucket);
  perform legisync.check_choice('p_kind', p_kind, 'missing', 'dangling', 'stale');
  perform legisync.check_bounds('p_grace_seconds', p_grace_seconds, 0, 86400);
  perform legisync.check_bounds('p_limit', p_limit, 1, 1000);
  v_grace := make_interval(secs => p_grace_seconds);
  return case p_kind
    when 'missing' then legisync.list_missing(p_bucket, v_grace, p_limit)
    when 'dangling' then legisync.list_dangling(p_bucket, v_grace, p_limit)
    else legisync.list_stale(p_bucket, v_grace, p_limit) end;
end
$function$;
comment on function public.legisync_list_differences(text,text,integer,integer) is 'Part of legisync. The first differences of a kind, by path.';
alter function public.legisync_list_differences(text,text,integer,integer) owner to postgres;
revoke all on function public.legisync_list_differences(text,text,integer,integer) from public, anon, authenticated, service_role;
grant execute on function public.legisync_list_differences(text,text,integer,integer) to service_role;

-- function public.legisync_maintenance_cursor(text,text)
CREATE OR REPLACE FUNCTION public.legisync_maintenance_cursor(p_collection text, p_source text)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET statement_timeout TO '20s'
AS $function$
begin
  perform legisync.check_category('p_collection', p_collection);
  perform legisync.check_text('p_source', p_source, 1, 200);
  return (select cursor from legisync.watermarks where collection = p_collection and source = p_source);
end
$function$;
comment on function public.legisync_maintenance_cursor(text,text) is 'Part of legisync. Where MAINTENANCE continues in a source.';
alter function public.legisync_maintenance_cursor(text,text) owner to postgres;
revoke all on function public.legisync_maintenance_cursor(text,text) from public, anon, authenticated, service_role;
grant execute on function public.legisync_maintenance_cursor(text,text) to service_role;

-- function public.legisync_measure_coherence(text,text,integer)
CREATE OR REPLACE FUNCTION public.legisync_measure_coherence(p_bucket text, p_kind text, p_grace_seconds integer)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET statement_timeout TO '30s'
AS $function$
declare
  v_began timestamptz := clock_timestamp();
  v_reading jsonb;
begin
  perform legisync.check_bucket(p_bucket);
  perform legisync.check_choice('p_kind', p_kind, 'cheap', 'full');
  perform legisync.check_bounds('p_grace_seconds', p_grace_seconds, 0, 86400);
  v_reading := case p_kind
    when 'cheap' then legisync.cheap_reading(p_bucket)
    else legisync.full_reading(p_bucket, make_interval(secs => p_grace_seconds)) end;
  v_reading := v_reading || jsonb_build_object(
    'bucket', p_bucket, 'graceSeconds', p_grace_seconds, 'at', v_began,
    'seconds', extract(epoch from clock_timestamp() - v_began));
  insert into legisync.coherence_checks (bucket_id, kind, reading, at) values (p_bucket, p_kind, v_reading, v_began);
  delete from legisync.coherence_checks
    where at < now() - interval '90 days'
       or id <= (select id from legisync.coherence_checks order by id desc offset 5000 limit 1);
  return v_reading;
end
$function$;
comment on function public.legisync_measure_coherence(text,text,integer) is 'Part of legisync. Compares Storage and files_queue.';
alter function public.legisync_measure_coherence(text,text,integer) owner to postgres;
revoke all on function public.legisync_measure_coherence(text,text,integer) from public, anon, authenticated, service_role;
grant execute on function public.legisync_measure_coherence(text,text,integer) to service_role;

-- function public.legisync_open_backfill(text,text,text,jsonb)
CREATE OR REPLACE FUNCTION public.legisync_open_backfill(p_bucket text, p_owner text, p_start text, p_options jsonb)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET statement_timeout TO '30s'
AS $function$
declare
  r legisync.backfill_runs;
begin
  perform legisync.check_text('p_bucket', p_bucket, 1, 100);
  perform legisync.check_text('p_owner', p_owner, 1, 1000);
  perform legisync.check_choice('p_start', p_start, 'new', 'resume', 'restart');
  perform legisync.check_backfill_options(p_options);
  perform pg_advisory_xact_lock(legisync.backfill_lock(p_bucket));
  -- Otherwise a misspelt name would end in success, with nothing queued and nothing missing.
  if not exists (select from storage.buckets where id = p_bucket) then
    return json_build_object('refused', 'no such bucket');
  end if;
  select * into r from legisync.backfill_runs where bucket_id = p_bucket and state = 'running';
  if found then
    if p_start = 'new' and r.owner <> p_owner then
      return json_build_object('refused', 'unfinished', 'unfinished', legisync.backfill_json(r));
    elsif p_start = 'resume' or r.owner = p_owner then
      update legisync.backfill_runs set owner = p_owner where id = r.id;
      return json_build_object('run', legisync.backfill_json(r));
    end if;
    update legisync.backfill_runs set state = 'abandoned' where id = r.id;
  elsif p_start = 'resume' then
    return json_build_object('refused', 'nothing unfinished');
  end if;
  if (p_options ->> 'allAtOnce')::boolean
     and (select count(*) from (select from storage.objects where bucket_id = p_bucket limit 100001) o) > 100000 then
    return json_build_object('refused', 'too many files');
  end if;
  insert into legisync.backfill_runs (bucket_id, kind, prefix, finished, before, grace, owner, phase)
    values (p_bucket, p_options ->> 'kind', p_options ->> 'prefix', (p_options ->> 'finished')::boolean,
            (p_options ->> 'before')::timestamptz,
            make_interval(secs => (p_options ->> 'graceSeconds')::double precision),
            p_owner, p_options ->> 'kind')
    returning * into r;
  -- Keeps the last twenty runs as a history.
  delete from legisync.backfill_runs where bucket_id = p_bucket and id not in (
    select id from legisync.backfill_runs where bucket_id = p_bucket order by id desc limit 20);
  return json_build_object('run', legisync.backfill_json(r));
end
$function$;
comment on function public.legisync_open_backfill(text,text,text,jsonb) is 'Part of legisync. Begins or resumes a backfill of files_queue.';
alter function public.legisync_open_backfill(text,text,text,jsonb) owner to postgres;
revoke all on function public.legisync_open_backfill(text,text,text,jsonb) from public, anon, authenticated, service_role;
grant execute on function public.legisync_open_backfill(text,text,text,jsonb) to service_role;

-- function public.legisync_open_pass(text,text[],integer)
CREATE OR REPLACE FUNCTION public.legisync_open_pass(p_collection text, p_sources text[], p_interval_seconds integer)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET statement_timeout TO '20s'
AS $function$
declare
  v_pass legisync.passes;
  v_now timestamptz;
  v_absences_marked boolean;
  v_open integer;
  v_due integer;
  v_next_due timestamptz;
  v_next_slice timestamptz;
  v_resume timestamptz;
begin
  perform legisync.check_category('p_collection', p_collection);
  perform legisync.check_list('p_sources', p_sources, 1, 1000);
  perform legisync.check_text('an entry of p_sources', s, 1, 200) from unnest(p_sources) s;
  perform legisync.check_bounds('p_interval_seconds', p_interval_seconds, 0, 31536000);
  perform pg_advisory_xact_lock(hashtext('legisync.open_pass'), hashtext(p_collection));
  -- Read after the lock. A caller that waited for the lock must not decide by an outdated time.
  v_now := clock_timestamp();
  select * into v_pass from legisync.passes where collection = p_collection order by pass desc limit 1;

  if v_pass.pass is null or v_pass.completed_at + make_interval(secs => p_interval_seconds) <= v_now then
    v_pass := legisync.begin_pass(p_collection, coalesce(v_pass.pass, 0) + 1, p_sources);
  end if;
  perform legisync.forget_listings(p_collection, v_pass.pass);
  v_absences_marked := v_pass.completed_at is not null or legisync.mark_absent(p_collection, v_pass.pass);

  -- Another lane may release its slice at any moment, so check again in two seconds.
  select count(*), min(greatest(next_attempt_at, case when held_until > v_now then v_now + interval '2 seconds' end))
    into v_open, v_next_slice
    from legisync.slices where collection = p_collection and pass = v_pass.pass and state = 'open';
  select due, next_due into v_due, v_next_due from legisync.count_due(p_collection, v_now);

  if v_pass.completed_at is null and v_open = 0 and v_absences_marked
     and (v_next_due is null or v_next_due > v_now) then
    perform legisync.mark_unlisted(p_collection, v_pass.pass);
    update legisync.passes set completed_at = v_now
      where collection = p_collection and pass = v_pass.pass
      returning * into v_pass;
  end if;

  v_resume := least(
    case when v_open > 0 then v_next_slice
         when v_pass.completed_at is not null then v_pass.completed_at + make_interval(secs => p_interval_seconds) end,
    v_next_due);
  return json_build_object(
    'pass', v_pass.pass,
    'complete', v_pass.completed_at is not null,
    'openSlices', v_open,
    'due', v_due,
    'waitSeconds', greatest(extract(epoch from v_resume - v_now), 2));
end
$function$;
comment on function public.legisync_open_pass(text,text[],integer) is 'Part of legisync. Begins, completes and describes passes.';
alter function public.legisync_open_pass(text,text[],integer) owner to postgres;
revoke all on function public.legisync_open_pass(text,text[],integer) from public, anon, authenticated, service_role;
grant execute on function public.legisync_open_pass(text,text[],integer) to service_role;

-- function public.legisync_park_slice(bigint,jsonb,integer,text,text)
CREATE OR REPLACE FUNCTION public.legisync_park_slice(p_slice bigint, p_batch jsonb, p_attempts integer, p_code text, p_message text)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET statement_timeout TO '20s'
AS $function$
begin
  return json_build_object('outcome', case when legisync.record_slice_failure(
    p_slice, p_batch, p_attempts, p_code, p_message, null) then 'parked' else 'lost' end);
end
$function$;
comment on function public.legisync_park_slice(bigint,jsonb,integer,text,text) is 'Part of legisync. Parks a slice until the next pass.';
alter function public.legisync_park_slice(bigint,jsonb,integer,text,text) owner to postgres;
revoke all on function public.legisync_park_slice(bigint,jsonb,integer,text,text) from public, anon, authenticated, service_role;
grant execute on function public.legisync_park_slice(bigint,jsonb,integer,text,text) to service_role;

-- function public.legisync_plan_backfill(text,text)
CREATE OR REPLACE FUNCTION public.legisync_plan_backfill(p_bucket text, p_prefix text)
 RETURNS json
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET statement_timeout TO '30s'
 SET work_mem TO '64MB'
AS $function$
begin
  perform legisync.check_bucket(p_bucket);
  perform legisync.check_text('p_prefix', p_prefix, 0, 1024);
  return (
    select json_build_object(
      'objects', count(*),
      'files', count(*) filter (where o.is_wanted),
      'missing', count(*) filter (where o.is_wanted and f.file_path is null),
      'missingBytes', coalesce(sum(o.size) filter (where o.is_wanted and f.file_path is null), 0),
      'heldByOtherBucket',
        count(*) filter (where o.is_wanted and f.file_path is not null and f.bucket_id is distinct from p_bucket),
      'rows', (select count(*) from public.files_queue),
      'withoutSize', (select count(*) from public.files_queue q
                      where q.bucket_id = p_bucket and q.file_size is null and starts_with(q.file_path, p_prefix)))
    from (
      select name, legisync.is_file(name) and starts_with(name, p_prefix) as is_wanted,
             case when starts_with(name, p_prefix) then legisync.object_size(metadata) end as size
      from legisync.current_objects() where bucket_id = p_bucket offset 0) o
    left join public.files_queue f on f.file_path = o.name);
end
$function$;
comment on function public.legisync_plan_backfill(text,text) is 'Part of legisync. What a backfill would do.';
alter function public.legisync_plan_backfill(text,text) owner to postgres;
revoke all on function public.legisync_plan_backfill(text,text) from public, anon, authenticated, service_role;
grant execute on function public.legisync_plan_backfill(text,text) to service_role;

-- function public.legisync_register_slice(text,bigint,jsonb,integer,integer,jsonb,text,integer,text)
CREATE OR REPLACE FUNCTION public.legisync_register_slice(p_bucket text, p_slice bigint, p_batch jsonb, p_round integer, p_page integer, p_documents jsonb, p_action text, p_lease_seconds integer, p_adopt text)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET statement_timeout TO '30s'
AS $function$
declare
  v legisync.slices := legisync.lock_slice(p_slice, p_batch);
  v_discovered integer;
begin
  perform legisync.check_text('p_bucket', p_bucket, 1, 100);
  perform legisync.check_bounds('p_round', p_round, 1, 2147483647);
  perform legisync.check_bounds('p_page', p_page, 1, 1000000);
  perform legisync.check_json_list('p_documents', p_documents, 'id', 0, 10000);
  perform legisync.check_choice('p_action', p_action, 'continue', 'release', 'round', 'whole');
  perform legisync.check_bounds('p_lease_seconds', p_lease_seconds, 1, 86400);
  perform legisync.check_choice('p_adopt', p_adopt, 'trust', 'refresh');
  if v.id is null or v.round <> p_round then
    return json_build_object('outcome', 'lost', 'discovered', 0);
  end if;
  if not legisync.list_page(v, p_page, p_documents) then
    update legisync.slices set page = 1, holder = null, held_since = null, held_until = null where id = v.id;
    return json_build_object('outcome', 'lost', 'discovered', 0);
  end if;
  v_discovered := legisync.register_documents(
    p_bucket, v.collection, v.source, coalesce(v.code_id, ''), v.pass, p_documents, p_adopt);
  v := legisync.move_slice(v, p_page, p_action, make_interval(secs => p_lease_seconds));
  if v.state = 'complete' then
    perform legisync.mark_absent(v.collection, v.pass);
  end if;
  return json_build_object('outcome', case v.state when 'complete' then 'complete' else 'open' end,
                           'discovered', v_discovered);
end
$function$;
comment on function public.legisync_register_slice(text,bigint,jsonb,integer,integer,jsonb,text,integer,text) is 'Part of legisync. Writes a page of a slice into the catalogue.';
alter function public.legisync_register_slice(text,bigint,jsonb,integer,integer,jsonb,text,integer,text) owner to postgres;
revoke all on function public.legisync_register_slice(text,bigint,jsonb,integer,integer,jsonb,text,integer,text) from public, anon, authenticated, service_role;
grant execute on function public.legisync_register_slice(text,bigint,jsonb,integer,integer,jsonb,text,integer,text) to service_role;

-- function public.legisync_release_files(uuid,text[])
CREATE OR REPLACE FUNCTION public.legisync_release_files(p_token uuid, p_paths text[])
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET statement_timeout TO '30s'
AS $function$
declare
  s legisync.settings := legisync.claim_settings();
  v_held text[] := legisync.lock_claimed(s, p_token, p_paths);
  v_before text[] := legisync.ended_before(p_token, p_paths, '{waiting,returned,failed}');
begin
  perform legisync.end_claims(v_held, 'returned');
  update legisync.claims set attempts = attempts - 1 where file_path = any (v_held);
  perform legisync.set_status(v_held, 'pending');
  return json_build_object(
    'released', cardinality(v_held),
    'alreadyEnded', cardinality(v_before),
    'refused', legisync.refused(p_paths, v_held || v_before));
end
$function$;
comment on function public.legisync_release_files(uuid,text[]) is 'Part of legisync. Releases claimed files that were not begun.';
alter function public.legisync_release_files(uuid,text[]) owner to postgres;
revoke all on function public.legisync_release_files(uuid,text[]) from public, anon, authenticated, service_role;
grant execute on function public.legisync_release_files(uuid,text[]) to service_role;

-- function public.legisync_release_slice(bigint,jsonb)
CREATE OR REPLACE FUNCTION public.legisync_release_slice(p_slice bigint, p_batch jsonb)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET statement_timeout TO '20s'
AS $function$
declare
  v legisync.slices := legisync.lock_slice(p_slice, p_batch);
begin
  update legisync.slices set holder = null, held_since = null, held_until = null where id = v.id;
  return json_build_object('outcome', case when v.id is null then 'lost' else 'released' end);
end
$function$;
comment on function public.legisync_release_slice(bigint,jsonb) is 'Part of legisync. Releases a slice.';
alter function public.legisync_release_slice(bigint,jsonb) owner to postgres;
revoke all on function public.legisync_release_slice(bigint,jsonb) from public, anon, authenticated, service_role;
grant execute on function public.legisync_release_slice(bigint,jsonb) to service_role;

-- function public.legisync_repair_dangling(text,integer,text,integer,boolean)
CREATE OR REPLACE FUNCTION public.legisync_repair_dangling(p_bucket text, p_grace_seconds integer, p_after text, p_size integer, p_dry_run boolean)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET statement_timeout TO '30s'
AS $function$
declare
  v_before timestamptz;
  v_scanned integer;
  v_upto text;
  v_gone text[];
  v_back text[];
  v_locked text[];
  v_marked integer;
  v_hidden integer;
  v_restored integer;
begin
  perform legisync.check_repair(p_bucket, p_grace_seconds, p_after, p_size, p_dry_run);
  v_before := now() - make_interval(secs => p_grace_seconds);
  select scanned, upto into v_scanned, v_upto from legisync.next_paths(p_after, p_size);
  select gone, back into v_gone, v_back from legisync.find_dangling(p_bucket, p_after, v_upto, v_before);
  if p_dry_run then
    select count(*) filter (where f.dangling_since is null),
           count(*) filter (where f.status = 'pending' and s.write_dangling is not null),
           cardinality(v_back)
      into v_marked, v_hidden, v_restored
      from public.files_queue f cross join legisync.settings s where f.file_path = any (v_gone);
  else
    -- Only locked rows: see legisync.queue_objects. Both functions check again which rows concern them.
    v_locked := array(
      select file_path from public.files_queue where file_path = any (v_gone || v_back) order by file_path for update);
    select marked, hidden into v_marked, v_hidden from legisync.mark_dangling(p_bucket, v_locked, v_before);
    v_restored := legisync.restore_dangling(p_bucket, v_locked);
  end if;
  return json_build_object('scanned', v_scanned, 'marked', v_marked, 'hidden', v_hidden,
                           'takenBack', v_restored, 'next', case when v_scanned = p_size then v_upto end);
end
$function$;
comment on function public.legisync_repair_dangling(text,integer,text,integer,boolean) is 'Part of legisync. Marks rows whose file is gone.';
alter function public.legisync_repair_dangling(text,integer,text,integer,boolean) owner to postgres;
revoke all on function public.legisync_repair_dangling(text,integer,text,integer,boolean) from public, anon, authenticated, service_role;
grant execute on function public.legisync_repair_dangling(text,integer,text,integer,boolean) to service_role;

-- function public.legisync_repair_stale(text,integer,text,integer,boolean)
CREATE OR REPLACE FUNCTION public.legisync_repair_stale(p_bucket text, p_grace_seconds integer, p_after text, p_size integer, p_dry_run boolean)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET statement_timeout TO '30s'
AS $function$
declare
  v_grace interval;
  v_scanned integer;
  v_upto text;
  v_paths text[];
  v_pending integer;
  v_requeued integer;
  v_resized integer;
begin
  perform legisync.check_repair(p_bucket, p_grace_seconds, p_after, p_size, p_dry_run);
  v_grace := make_interval(secs => p_grace_seconds);
  select scanned, upto into v_scanned, v_upto from legisync.next_paths(p_after, p_size);
  v_paths := legisync.find_stale(p_bucket, p_after, v_upto, v_grace);
  if p_dry_run then
    select count(*) filter (where newer and finished), count(*) filter (where newer and not finished),
           count(*) filter (where not newer and not adopt)
      into v_pending, v_requeued, v_resized
      from legisync.content_differences(p_bucket, v_paths, v_grace);
  else
    -- Only locked rows: see legisync.queue_objects.
    v_paths := array(
      select file_path from public.files_queue where file_path = any (v_paths) order by file_path for update);
    -- A stale row has a file. If the row is marked as dangling, the file is back.
    perform legisync.restore_dangling(p_bucket, v_paths);
    select pending_again, requeued, resized into v_pending, v_requeued, v_resized
      from legisync.take_over_content(p_bucket, v_paths, v_grace, true);
  end if;
  return json_build_object('scanned', v_scanned, 'pendingAgain', v_pending, 'requeued', v_requeued,
                           'resized', v_resized, 'next', case when v_scanned = p_size then v_upto end);
end
$function$;
comment on function public.legisync_repair_stale(text,integer,text,integer,boolean) is 'Part of legisync. Brings stale rows up to date with their files.';
alter function public.legisync_repair_stale(text,integer,text,integer,boolean) owner to postgres;
revoke all on function public.legisync_repair_stale(text,integer,text,integer,boolean) from public, anon, authenticated, service_role;
grant execute on function public.legisync_repair_stale(text,integer,text,integer,boolean) to service_role;

-- function public.legisync_save_collection_controls(text,boolean,integer)
CREATE OR REPLACE FUNCTION public.legisync_save_collection_controls(p_collection text, p_paused boolean, p_lanes integer)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET statement_timeout TO '20s'
AS $function$
begin
  perform legisync.check_category('p_collection', p_collection);
  perform legisync.check_given('p_paused', p_paused);
  perform legisync.check_bounds('p_lanes', p_lanes, 1, 16);
  insert into legisync.controls (collection, paused, lanes) values (p_collection, p_paused, p_lanes)
    on conflict (collection) do update set paused = excluded.paused, lanes = excluded.lanes, updated_at = now();
  return json_build_object('paused', p_paused, 'lanes', p_lanes);
end
$function$;
comment on function public.legisync_save_collection_controls(text,boolean,integer) is 'Part of legisync. Saves what an operator sets for a collection.';
alter function public.legisync_save_collection_controls(text,boolean,integer) owner to postgres;
revoke all on function public.legisync_save_collection_controls(text,boolean,integer) from public, anon, authenticated, service_role;
grant execute on function public.legisync_save_collection_controls(text,boolean,integer) to service_role;

-- function public.legisync_split_slice(bigint,jsonb,jsonb)
CREATE OR REPLACE FUNCTION public.legisync_split_slice(p_slice bigint, p_batch jsonb, p_keys jsonb)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET statement_timeout TO '20s'
AS $function$
declare
  v legisync.slices := legisync.lock_slice(p_slice, p_batch);
begin
  perform legisync.check_keys(p_keys);
  if v.id is null then
    return json_build_object('outcome', 'lost');
  end if;
  if p_keys @> jsonb_build_array(legisync.slice_key(v)) then
    raise exception 'p_keys contains the slice itself, so nothing would replace it.'
      using errcode = 'invalid_parameter_value';
  end if;
  insert into legisync.slices (collection, pass, source, kind, code_id, window_from, window_to)
    select v.collection, v.pass, v.source, k.kind, k.code, k."from", k."to"
    from jsonb_to_recordset(p_keys) as k (kind text, code text, "from" date, "to" date)
    on conflict do nothing;
  update legisync.slices set state = 'split', holder = null, held_since = null, held_until = null where id = v.id;
  delete from legisync.listing_documents where slice = v.id;
  delete from legisync.listing_rounds where slice = v.id;
  return json_build_object('outcome', 'split');
end
$function$;
comment on function public.legisync_split_slice(bigint,jsonb,jsonb) is 'Part of legisync. Replaces a slice by finer ones.';
alter function public.legisync_split_slice(bigint,jsonb,jsonb) owner to postgres;
revoke all on function public.legisync_split_slice(bigint,jsonb,jsonb) from public, anon, authenticated, service_role;
grant execute on function public.legisync_split_slice(bigint,jsonb,jsonb) to service_role;

-- function public.legisync_take_documents(text,jsonb,integer)
CREATE OR REPLACE FUNCTION public.legisync_take_documents(p_category text, p_batch jsonb, p_limit integer)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET statement_timeout TO '20s'
AS $function$
declare
  v_batch legisync.batch := legisync.to_batch(p_batch);
  v_now timestamptz;
  v_held text[];
  v_taken text[];
begin
  perform legisync.check_category('p_category', p_category);
  perform legisync.check_bounds('p_limit', p_limit, 1, 1000);
  perform pg_advisory_xact_lock(legisync.batch_lock(v_batch));
  v_now := clock_timestamp();
  select coalesce(array_agg(id), '{}') into v_held from (
    select id from legisync.documents
    where holder = v_batch and held_until is not null and category = p_category
    order by held_since, id limit p_limit) held;
  with due as (
    select d.category, d.id from legisync.documents d
    where d.category = p_category and d.next_attempt_at <= v_now
      and legisync.is_free(d.holder, d.held_until, v_batch, v_now)
    order by d.next_attempt_at, d.id
    limit p_limit - cardinality(v_held)
    for update skip locked
  ), taken as (
    update legisync.documents d
      set holder = v_batch, held_since = v_now, held_until = v_now + legisync.batch_lease()
      from due where d.category = due.category and d.id = due.id
      returning d.id
  )
  select coalesce(array_agg(id), '{}') into v_taken from taken;
  return (select coalesce(json_agg(id order by id), '[]') from unnest(v_held || v_taken) id);
end
$function$;
comment on function public.legisync_take_documents(text,jsonb,integer) is 'Part of legisync. Takes due documents into a batch.';
alter function public.legisync_take_documents(text,jsonb,integer) owner to postgres;
revoke all on function public.legisync_take_documents(text,jsonb,integer) from public, anon, authenticated, service_role;
grant execute on function public.legisync_take_documents(text,jsonb,integer) to service_role;

-- function public.legisync_take_listed(text,text,jsonb,text,jsonb,jsonb,text)
CREATE OR REPLACE FUNCTION public.legisync_take_listed(p_bucket text, p_category text, p_batch jsonb, p_source text, p_documents jsonb, p_cursor jsonb, p_adopt text)
 RETURNS json
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET statement_timeout TO '30s'
AS $function$
declare
  v_batch legisync.batch := legisync.to_batch(p_batch);
  v_discovered integer;
  v_now timestamptz;
  v_ids text[];
begin
  perform legisync.check_text('p_bucket', p_bucket, 1, 100);
  perform legisync.check_category('p_category', p_category);
  perform legisync.check_text('p_source', p_source, 1, 200);
  perform legisync.check_json_list('p_documents', p_documents, 'id', 0, 1000);
  perform legisync.check_choice('the type of p_cursor', jsonb_typeof(p_cursor), 'object');
  perform legisync.check_choice('p_adopt', p_adopt, 'trust', 'refresh');
  v_discovered := legisync.register_documents(p_bucket, p_category, p_source, '', null, p_documents, p_adopt);
  v_ids := array(select l.id from jsonb_to_recordset(p_documents) as l (id text));
  v_now := clock_timestamp();
  with listed as (
    select d.category, d.id from legisync.documents d
    where d.category = p_category and d.id = any (v_ids)
      and (d.state = 'discovered' or d.content_sha256 is not null or p_adopt = 'refresh')
      and (d.next_attempt_at is null or d.next_attempt_at <= v_now)
      and legisync.is_free(d.holder, d.held_until, v_batch, v_now)
    order by d.id
    for update skip locked
  )
  update legisync.documents d
    set holder = v_batch, held_since = v_now, held_until = v_now + legisync.batch_lease(),
        next_attempt_at = least(d.next_attempt_at, v_now)
    from listed where d.category = listed.category and d.id = listed.id;
  insert into legisync.watermarks (collection, source, cursor) values (p_category, p_source, p_cursor)
    on conflict (collection, source) do update set cursor = excluded.cursor, updated_at = now();
  return json_build_object('discovered', v_discovered);
end
$function$;
comment on function public.legisync_take_listed(text,text,jsonb,text,jsonb,jsonb,text) is 'Part of legisync. Takes the documents of a listed page into a batch.';
alter function public.legisync_take_listed(text,text,jsonb,text,jsonb,jsonb,text) owner to postgres;
revoke all on function public.legisync_take_listed(text,text,jsonb,text,jsonb,jsonb,text) from public, anon, authenticated, service_role;
grant execute on function public.legisync_take_listed(text,text,jsonb,text,jsonb,jsonb,text) to service_role;

-- trigger files_queue_guard_delete on public.files_queue
CREATE TRIGGER files_queue_guard_delete AFTER DELETE ON public.files_queue REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION legisync.guard_delete();

-- trigger files_queue_guard_truncate on public.files_queue
CREATE TRIGGER files_queue_guard_truncate BEFORE TRUNCATE ON public.files_queue FOR EACH STATEMENT EXECUTE FUNCTION legisync.guard_truncate();

-- trigger files_queue_keep_requeue on public.files_queue
CREATE TRIGGER files_queue_keep_requeue BEFORE UPDATE ON public.files_queue FOR EACH ROW WHEN (old.requeue) EXECUTE FUNCTION legisync.keep_requeue();

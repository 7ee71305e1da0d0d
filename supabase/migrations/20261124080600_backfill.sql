-- The backfill: queues every file of a bucket that has no row, in chunks. A run and its figures live here, so that losing
-- Temporal's database loses nothing.

create table if not exists legisync.backfill_runs (
  id bigint generated always as identity primary key,
  bucket_id text not null,
  -- `queue`: rows for files without one; `sizes`: sizes for rows without one.
  kind text not null check (kind in ('queue', 'sizes')),
  -- Only files whose path begins so.
  prefix text not null default '',
  -- Rows are written as finished, so that no Worker works them again: those of files older than `before`, and never of
  -- files that were written after the run began or within the grace time before it: the collection may be at them.
  finished boolean not null default false,
  before timestamptz,
  -- A file without a row is "in flight" for so long after it was written.
  grace interval not null,
  -- The chain of runs of the workflow that works at it.
  owner text not null,
  state text not null default 'running' check (state in ('running', 'completed', 'abandoned')),
  -- Where it stands: `<phase>:<last path done>`. Phases: queue, catch_up, verify, end; or sizes, end.
  cursor text not null,
  chunks integer not null default 0,
  scanned bigint not null default 0,
  queued bigint not null default 0,
  -- Of `queued`, by the last pass: files that arrived behind the cursor.
  caught_up bigint not null default 0,
  sized bigint not null default 0,
  -- What the verification counted.
  missing bigint not null default 0,
  in_flight bigint not null default 0,
  held_by_other_bucket bigint not null default 0,
  skipped bigint not null default 0,
  -- What its chunks took, without pauses and outages.
  busy_seconds double precision not null default 0,
  started_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp()
);
-- One unfinished run a bucket.
create unique index if not exists backfill_runs_unfinished on legisync.backfill_runs (bucket_id) where state = 'running';

-- What each chunk cost. A run of 1.4 million files has about twenty.
create table if not exists legisync.backfill_chunks (
  run bigint not null references legisync.backfill_runs on delete cascade,
  number integer not null,
  -- The run's cursor after it.
  cursor text not null,
  scanned integer not null,
  changed integer not null,
  seconds double precision not null,
  at timestamptz not null default clock_timestamp(),
  primary key (run, number)
);

revoke all on legisync.backfill_runs, legisync.backfill_chunks from public, anon, authenticated, service_role;

-- One bucket's backfill changes at one moment at a time.
create or replace function legisync.backfill_lock(p_bucket text) returns bigint
language sql immutable
return ('x' || left(md5('legisync.backfill ' || p_bucket), 16))::bit(64)::bigint;
revoke execute on function legisync.backfill_lock(text) from public, anon, authenticated, service_role;

create or replace function legisync.backfill_json(r legisync.backfill_runs) returns json
language sql stable
set search_path = ''
as $$
  select json_build_object(
    'id', r.id, 'bucket', r.bucket_id, 'kind', r.kind, 'prefix', r.prefix,
    'finished', r.finished, 'before', r.before, 'state', r.state, 'cursor', r.cursor, 'chunks', r.chunks,
    'scanned', r.scanned, 'queued', r.queued, 'caughtUp', r.caught_up, 'sized', r.sized,
    'missing', r.missing, 'inFlight', r.in_flight, 'heldByOtherBucket', r.held_by_other_bucket, 'skipped', r.skipped,
    'startedAt', r.started_at, 'busySeconds', r.busy_seconds,
    'seconds', extract(epoch from r.updated_at - r.started_at))
$$;
revoke execute on function legisync.backfill_json(legisync.backfill_runs) from public, anon, authenticated, service_role;

-- Begins a run, or goes on with the one that is unfinished: `p_start` says whether the caller wants a `new` one, to
-- `resume`, or to `restart`, which abandons what is unfinished. To the owner of the unfinished run it is given whatever
-- `p_start` says, so that the call can be repeated. An answer without `run` says why there is none.
create or replace function public.open_backfill(p_bucket text, p_owner text, p_start text, p_options jsonb)
returns json
language plpgsql security definer
set search_path = '' set statement_timeout = '30s'
as $$
declare
  r legisync.backfill_runs;
  v_files bigint;
begin
  if p_start is null or p_start not in ('new', 'resume', 'restart') then
    raise exception 'p_start is %: it must be new, resume or restart.', coalesce(p_start, 'null')
      using errcode = 'invalid_parameter_value';
  end if;
  perform pg_advisory_xact_lock(legisync.backfill_lock(p_bucket));
  -- Else a misspelt name would end as a success, with nothing queued and nothing missing.
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
  if (p_options ->> 'allAtOnce')::boolean then
    select count(*) into v_files from (select from storage.objects where bucket_id = p_bucket limit 100001) o;
    if v_files > 100000 then
      return json_build_object('refused', 'too many files');
    end if;
  end if;
  insert into legisync.backfill_runs (bucket_id, kind, prefix, finished, before, grace, owner, cursor)
    values (p_bucket, p_options ->> 'kind', p_options ->> 'prefix', (p_options ->> 'finished')::boolean,
            (p_options ->> 'before')::timestamptz, make_interval(secs => (p_options ->> 'graceSeconds')::integer),
            p_owner, case p_options ->> 'kind' when 'queue' then 'queue:' else 'sizes:' end)
    returning * into r;
  -- The last twenty runs stay for those who ask.
  delete from legisync.backfill_runs where bucket_id = p_bucket and id not in (
    select id from legisync.backfill_runs where bucket_id = p_bucket order by id desc limit 20);
  return json_build_object('run', legisync.backfill_json(r));
end
$$;

-- One chunk of a run: the next `p_step` files after the cursor, in the order of their paths; rows, figures and cursor in
-- one transaction.
--
-- `p_expected_cursor` is compared with the run's own: a call that comes late, or twice, finds it elsewhere, and changes
-- nothing. One that comes while its twin is still at work is told `busy`: a database goes on after its client has gone.
--
-- Rows are written in the order of their paths, as enqueue_documents does, so that the two cannot deadlock. Measured with
-- 1.4 million files on two cores: 0.06 s for 100,000 files that all have a row, 1.1 to 1.4 s where none has.
--
-- Phases: `queue`; `catch_up`, the same again, for files that arrived behind the cursor; `verify`, which counts what is
-- missing now. Or `sizes`, alone.
create or replace function public.backfill_chunk(p_run bigint, p_expected_cursor text, p_step integer)
returns json
language plpgsql security definer
set search_path = '' set statement_timeout = '30s'
as $$
declare
  r legisync.backfill_runs;
  v_phase text;
  v_from text;
  v_upto text;
  v_began timestamptz;
  v_scanned integer;
  v_changed bigint := 0;
  v_dense boolean;
  v_missing text[];
  v_skipped bigint;
  v_held bigint;
  v_more boolean;
  v_seconds double precision;
begin
  perform legisync.check_bounds('p_step', p_step, 1, 1000000);
  select * into r from legisync.backfill_runs where id = p_run;
  if r.state is distinct from 'running' and r.state is distinct from 'completed' then
    return json_build_object('outcome', 'gone');
  end if;
  if not pg_try_advisory_xact_lock(legisync.backfill_lock(r.bucket_id)) then
    return json_build_object('outcome', 'busy');
  end if;
  v_began := clock_timestamp();
  select * into strict r from legisync.backfill_runs where id = p_run for update;
  if r.cursor <> p_expected_cursor or r.state <> 'running' then
    return json_build_object('outcome', 'already_done', 'run', legisync.backfill_json(r));
  end if;
  v_phase := split_part(r.cursor, ':', 1);
  v_from := substr(r.cursor, length(v_phase) + 2);

  -- Where most were missing in the last chunk of the first pass, it is taken for granted that they are in this one.
  v_dense := v_phase = 'queue' and coalesce((
    select changed > scanned / 2 from legisync.backfill_chunks where run = r.id and number = r.chunks), false);
  if v_phase = 'sizes' then
    select scanned, upto into v_scanned, v_upto from legisync.next_paths(v_from, p_step);
  else
    select scanned, upto, missing, skipped, held into v_scanned, v_upto, v_missing, v_skipped, v_held
      from legisync.backfill_range(
        r, v_from, p_step, case when v_phase = 'verify' then 'verify' when v_dense then 'count' else 'missing' end);
  end if;

  case v_phase
    when 'sizes' then
      v_changed := legisync.backfill_sizes(r, v_from, v_upto);
    when 'queue' then
      if v_dense or cardinality(v_missing) > v_scanned / 2 then
        v_changed := legisync.backfill_write(r, v_from, v_upto, null);
      elsif v_missing is not null then
        v_changed := legisync.backfill_write(r, v_from, v_upto, v_missing);
      end if;
    when 'catch_up' then
      -- A pass that mostly reads takes large steps. Where much is missing after all (somebody emptied the queue while the
      -- run was at work), it writes no more than a chunk of the first pass does.
      if cardinality(v_missing) > 100000 then
        v_missing := v_missing[1:100000];
        v_upto := v_missing[100000];
        v_more := true;
      end if;
      if v_missing is not null then
        v_changed := legisync.backfill_write(r, v_from, v_upto, v_missing);
      end if;
    when 'verify' then
      r.skipped := r.skipped + v_skipped;
      r.held_by_other_bucket := r.held_by_other_bucket + v_held;
      select r.missing + count(*) filter (where o.written <= now() - r.grace),
             r.in_flight + count(*) filter (where o.written > now() - r.grace)
        into r.missing, r.in_flight
        from (select coalesce(updated_at, created_at, '-infinity') as written
              from storage.objects where bucket_id = r.bucket_id and name = any (v_missing)) o;
  end case;

  r.cursor := case
    when v_more or v_scanned = p_step then v_phase || ':' || v_upto
    when v_phase = 'queue' then 'catch_up:'
    when v_phase = 'catch_up' then 'verify:'
    else 'end:' end;
  v_seconds := extract(epoch from clock_timestamp() - v_began);
  insert into legisync.backfill_chunks (run, number, cursor, scanned, changed, seconds)
    values (r.id, r.chunks + 1, r.cursor, v_scanned, v_changed, v_seconds);
  update legisync.backfill_runs set
      cursor = r.cursor,
      state = case when r.cursor = 'end:' then 'completed' else 'running' end,
      chunks = chunks + 1,
      scanned = scanned + case when v_phase in ('queue', 'sizes') then v_scanned else 0 end,
      queued = queued + case when v_phase = 'sizes' then 0 else v_changed end,
      caught_up = caught_up + case when v_phase = 'catch_up' then v_changed else 0 end,
      sized = sized + case when v_phase = 'sizes' then v_changed else 0 end,
      missing = r.missing, in_flight = r.in_flight, held_by_other_bucket = r.held_by_other_bucket, skipped = r.skipped,
      busy_seconds = busy_seconds + v_seconds,
      updated_at = clock_timestamp()
    where id = r.id
    returning * into r;
  return json_build_object('outcome', 'done', 'phase', v_phase, 'scanned', v_scanned, 'changed', v_changed,
                           'seconds', v_seconds, 'run', legisync.backfill_json(r));
end
$$;

-- The next `p_step` paths of the queue behind `p_after`, of whatever bucket: how many, and the last of them.
create or replace function legisync.next_paths(p_after text, p_step integer, out scanned integer, out upto text)
language plpgsql stable
set search_path = '' set enable_seqscan = off
as $$
begin
  execute 'select count(*), max(file_path collate "default") from (
      select file_path from public.files_queue where file_path > $1 collate "default"
      order by file_path collate "default" limit $2) f'
    into scanned, upto using p_after, p_step;
end
$$;

-- The next `p_step` objects after a path: how many there are, and the last one's path. `missing`: and which of them are
-- files without a row, in the order of their paths (null: none). `verify`: and how many are no files, and how many have
-- their path held by a row of another bucket, for which the rows themselves are read.
--
-- Reads both indexes in their order and merges them: no table (but for `verify`), no memory, and it stops where the objects
-- stop. Both sides compare paths in the database's own order, said by name for `file_path`, whose column may have another.
-- `execute`: planned for these values. The other ways are closed to the planner: after a TRUNCATE or a restore the
-- statistics tell of an empty table, and the visibility map is empty as well.
create or replace function legisync.backfill_range(
  r legisync.backfill_runs, p_from text, p_step integer, p_asked text,
  out scanned integer, out upto text, out missing text[], out skipped bigint, out held bigint)
language plpgsql stable
set search_path = '' set enable_seqscan = off set enable_bitmapscan = off
set enable_nestloop = off set enable_hashjoin = off
as $$
begin
  if p_asked = 'count' then
    execute 'select count(*), max(o.name)
      from (select name from storage.objects where bucket_id = $1 and name > $2 order by name limit $3) o'
      into scanned, upto using r.bucket_id, p_from, p_step;
  else
    execute format('
      select count(*), max(o.name),
             array_agg(o.name order by o.name)
               filter (where f.file_path is null and legisync.is_file(o.name) and starts_with(o.name, $4)),
             %s
      from (select name from storage.objects where bucket_id = $1 and name > $2 order by name limit $3) o
      left join public.files_queue f on f.file_path = o.name and f.file_path > $2 collate "default"',
      case p_asked
        when 'verify' then '
             count(*) filter (where not legisync.is_file(o.name) and starts_with(o.name, $4)),
             count(*) filter (where f.file_path is not null and f.bucket_id is distinct from $1
                                and legisync.is_file(o.name) and starts_with(o.name, $4))'
        else 'null::bigint, null::bigint' end)
      into scanned, upto, missing, skipped, held using r.bucket_id, p_from, p_step, r.prefix;
  end if;
end
$$;

-- Rows for the files between two paths: for those of `p_missing`, or, where that is null, for all of the range, of which
-- `on conflict` leaves out those that have one. Hash and size are the object's own.
create or replace function legisync.backfill_write(r legisync.backfill_runs, p_from text, p_upto text, p_missing text[])
returns bigint
language plpgsql
set search_path = '' set enable_seqscan = off
as $$
declare
  v_rows bigint;
  v_word text;
  v_type text;
begin
  select word_done into v_word from legisync.settings;
  if r.finished and v_word is null then
    raise exception 'public.files_queue.status takes none of the words that mean "done": set LEGISYNC_STATUS_DONE to one '
      'that it takes, then run `legisync migrate`.';
  end if;
  -- The words are cast, so that they fit whatever type the column has.
  select format_type(atttypid, atttypmod) into strict v_type
    from pg_attribute where attrelid = 'public.files_queue'::regclass and attname = 'status';
  execute format('
    insert into public.files_queue
        (file_path, bucket_id, file_size, status, processed, content_sha256, updated_at, backfilled)
      select o.name, o.bucket_id, legisync.object_size(o.metadata),
             (case when %1$s then %2$L else ''pending'' end)::%4$s, %1$s,
             o.user_metadata ->> ''sha256'', clock_timestamp(), true
      from storage.objects o
      where o.bucket_id = $1 and o.name > $2 and o.name <= $3 and %3$s
      order by o.name
      on conflict (file_path) do nothing',
    case when not r.finished then 'false'
         else format('coalesce(o.updated_at, o.created_at, ''-infinity'') < %L::timestamptz',
                     least(r.before, r.started_at - r.grace)) end,
    coalesce(v_word, 'pending'),
    case when p_missing is null then 'legisync.is_file(o.name) and starts_with(o.name, $4)' else 'o.name = any ($5)' end,
    v_type)
    using r.bucket_id, p_from, p_upto, r.prefix, p_missing;
  get diagnostics v_rows = row_count;
  return v_rows;
end
$$;

-- Sizes for the rows between two paths that have none, from the object. A row that somebody holds locked is passed over:
-- a Worker that has several in one transaction must not deadlock with a pass that only tidies up.
create or replace function legisync.backfill_sizes(r legisync.backfill_runs, p_from text, p_upto text) returns bigint
language plpgsql
set search_path = '' set enable_seqscan = off set enable_nestloop = off
as $$
declare
  v_rows bigint;
begin
  execute '
    with unsized as (
      select f.file_path, legisync.object_size(o.metadata) as size
      from public.files_queue f join storage.objects o on o.bucket_id = f.bucket_id and o.name = f.file_path
      where f.bucket_id = $1 and f.file_size is null and o.bucket_id = $1 and o.name > $2 and o.name <= $3
        and f.file_path > $2 collate "default" and f.file_path <= $3 collate "default" and starts_with(f.file_path, $4)
        and legisync.object_size(o.metadata) is not null
      order by f.file_path
      for update of f skip locked
    )
    update public.files_queue f set file_size = u.size from unsized u
      where f.file_path = u.file_path
        and f.file_path > $2 collate "default" and f.file_path <= $3 collate "default"'
    using r.bucket_id, p_from, p_upto, r.prefix;
  get diagnostics v_rows = row_count;
  return v_rows;
end
$$;

-- The last run of a bucket, whatever its state; null: there was none.
create or replace function public.last_backfill(p_bucket text)
returns json
language sql security definer
set search_path = '' set statement_timeout = '20s'
as $$ select legisync.backfill_json(r) from legisync.backfill_runs r where bucket_id = p_bucket order by id desc limit 1 $$;

-- What a backfill would do, without doing it: about 4 s for 1.4 million files. `offset 0`: sizes are read before the join,
-- which then holds a number for each file instead of all that Storage notes of it.
create or replace function public.plan_backfill(p_bucket text, p_prefix text)
returns json
language sql security definer
set search_path = '' set statement_timeout = '30s' set enable_nestloop = off set work_mem = '64MB'
as $$
  select json_build_object(
    'objects', count(*),
    'files', count(*) filter (where o.is_wanted),
    'missing', count(*) filter (where o.is_wanted and f.file_path is null),
    'missingBytes', coalesce(sum(o.size) filter (where o.is_wanted and f.file_path is null), 0),
    'heldByOtherBucket', count(*) filter (where o.is_wanted and f.file_path is not null and f.bucket_id is distinct from p_bucket),
    'rows', (select count(*) from public.files_queue),
    'withoutSize', (select count(*) from public.files_queue q
                    where q.bucket_id = p_bucket and q.file_size is null and starts_with(q.file_path, p_prefix)))
  from (
    select name, legisync.is_file(name) and starts_with(name, p_prefix) as is_wanted,
           case when starts_with(name, p_prefix) then legisync.object_size(metadata) end as size
    from storage.objects where bucket_id = p_bucket offset 0) o
  left join public.files_queue f on f.file_path = o.name
$$;

-- How many objects a bucket holds.
create or replace function public.count_objects(p_bucket text)
returns json
language sql security definer
set search_path = '' set statement_timeout = '20s'
as $$ select to_json(count(*)) from storage.objects where bucket_id = p_bucket $$;

revoke execute on function legisync.next_paths(text, integer) from public, anon, authenticated, service_role;
revoke execute on function legisync.backfill_range(legisync.backfill_runs, text, integer, text) from public, anon, authenticated, service_role;
revoke execute on function legisync.backfill_write(legisync.backfill_runs, text, text, text[]) from public, anon, authenticated, service_role;
revoke execute on function legisync.backfill_sizes(legisync.backfill_runs, text, text) from public, anon, authenticated, service_role;
call legisync.reserve_for_service(array[
  'public.open_backfill(text, text, text, jsonb)',
  'public.backfill_chunk(bigint, text, integer)',
  'public.last_backfill(text)',
  'public.plan_backfill(text, text)',
  'public.count_objects(text)']);

-- PostgREST keeps functions and their settings in a cache.
notify pgrst, 'reload schema';

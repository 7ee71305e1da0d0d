-- Coherence: how Storage and files_queue compare, examples of what is wrong, and repairs that mark or queue again.
--
-- Words. `missing`: a file without a row. `in flight`: the same, younger than the grace time. `dangling`: a row of the
-- bucket without an object. `stale`: a row that stands for other content than its object has. What is a file, and what is
-- a placeholder, says legisync.is_file.

-- Every reading, for whoever asks how it was. Not more than 90 days or 5,000 readings of it: an hourly one for half a year,
-- or a cheap one every 25 minutes for 90 days.
create table if not exists legisync.coherence_checks (
  id bigint generated always as identity primary key,
  bucket_id text not null,
  kind text not null check (kind in ('cheap', 'full')),
  reading jsonb not null,
  at timestamptz not null default clock_timestamp()
);
create index if not exists coherence_checks_at on legisync.coherence_checks (at);
revoke all on legisync.coherence_checks from public, anon, authenticated, service_role;

-- When a row was last said to be right.
create or replace function legisync.row_written(p_created timestamptz, p_updated timestamptz) returns timestamptz
language sql immutable parallel safe
return coalesce(greatest(p_created, p_updated), '-infinity');

-- Whether a row stands for other content than its object. Two hashes of the same projection tell; those of different
-- versions say nothing, and the next enqueue_documents takes the new one over. Where one has no hash, the dates tell, with
-- the grace time between: rows of before were written seconds before their upload. A row that is marked `requeue` is known.
create or replace function legisync.is_stale(
  p_object_sha256 text, p_row_sha256 text, p_object_written timestamptz, p_row_written timestamptz,
  p_requeue boolean, p_grace interval) returns boolean
language sql stable parallel safe
return case
  when p_object_sha256 = p_row_sha256 or p_requeue then false
  when p_object_sha256 is null or p_row_sha256 is null then coalesce(p_object_written > p_row_written + p_grace, false)
  else coalesce(p_object_written, '-infinity') <= now() - p_grace
    and split_part(p_object_sha256, ':', 1) = split_part(p_row_sha256, ':', 1)
end;

-- Storage and the queue side by side, in one pass, counted by category and by what is true of them.
--
-- One hash join of both tables. Each side first takes what it needs out of its row (`offset 0` keeps the planner from
-- carrying all of Storage's metadata through the join), the size without legisync.object_size, which would read the
-- metadata twice. Nothing is sorted: expecting a group for each row, the planner would sort all of them on disk, for the
-- join or for the counting (8 s of work instead of 5). 64 MB hold half of 1.4 million rows; the other half takes a detour
-- over the disk, a tenth of the time. Several processes may read and take (`parallel_tuple_cost`: expecting each row to be
-- costly to hand over, the planner would leave it to one). `execute`: planned for this bucket, not for any.
create or replace function legisync.compare(p_bucket text, p_grace interval)
returns table (
  category text,
  -- `missing`, `in flight`, `placeholder`: an object without a row. `dangling`, `row in flight`, `elsewhere`: a row
  -- without an object, the last of another bucket, or without a path. `pair`, `held` (a row of another bucket), `noted` (a placeholder
  -- that has a row): both.
  class text,
  -- Of a row: it belongs to the bucket; it is marked as dangling; it has no size.
  ours boolean, marked boolean, unsized boolean,
  -- Of a pair.
  stale boolean, resized boolean,
  n bigint, object_bytes numeric, row_bytes numeric)
language plpgsql stable
set search_path = '' set work_mem = '64MB' set enable_sort = off set enable_mergejoin = off set parallel_tuple_cost = 0
as $$
begin
  return query execute '
    select c.category, c.class, c.ours, c.marked, c.unsized, c.stale, c.resized,
           count(*), sum(c.object_size)::numeric, sum(c.row_size)::numeric
    from (
      select
        case when coalesce(o.name, f.path) like ''legifrance/%/%'' then split_part(coalesce(o.name, f.path), ''/'', 2)
             else '''' end as category,
        case
          when f.ours is null then case when not o.is_file then ''placeholder''
                                        when o.written > now() - $2 then ''in flight'' else ''missing'' end
          when o.name is null then case when not f.ours or f.path is null then ''elsewhere''
                                        when f.written > now() - $2 and not f.marked then ''row in flight''
                                        else ''dangling'' end
          when not o.is_file then ''noted''
          when not f.ours then ''held''
          else ''pair'' end as class,
        f.ours, f.marked, f.size is null as unsized,
        f.ours and o.is_file
          and legisync.is_stale(o.sha256, f.sha256, o.written, f.written, f.requeue, $2) is true as stale,
        f.ours and o.is_file and o.size <> f.size as resized,
        o.size as object_size, f.size as row_size
      from (
        select name, legisync.is_file(name) as is_file, sha256, written,
               case when length(size) between 1 and 18 and ltrim(size, ''0123456789'') = '''' then size::bigint end as size
        from (
          select name, user_metadata ->> ''sha256'' as sha256, coalesce(updated_at, created_at, ''-infinity'') as written,
                 metadata ->> ''size'' as size
          from storage.objects where bucket_id = $1 offset 0) taken
        offset 0) o
      full join (
        select file_path as path, bucket_id is not distinct from $1 as ours, file_size as size, content_sha256 as sha256,
               legisync.row_written(created_at, updated_at) as written, requeue, dangling_since is not null as marked
        from public.files_queue offset 0) f on f.path = o.name
    ) c
    group by 1, 2, 3, 4, 5, 6, 7'
    using p_bucket, p_grace;
end
$$;

-- Since when the oldest row waits that a Worker may take: two probes of files_queue_claimable. Null: none does.
create or replace function legisync.oldest_pending() returns timestamptz
language sql stable
set search_path = ''
as $$
  select least(
    (select created_at from public.files_queue
      where status = 'pending' and not backfilled and processed is not true and dangling_since is null
      order by created_at limit 1),
    (select created_at from public.files_queue
      where status = 'pending' and backfilled and processed is not true and dangling_since is null
      order by created_at limit 1))
$$;

create or replace function legisync.counted(p_count numeric, p_bytes numeric) returns json
language sql immutable
set search_path = ''
as $$
  select json_build_object('count', coalesce(p_count, 0), 'bytes', coalesce(p_bytes, 0),
                           'size', pg_size_pretty(coalesce(p_bytes, 0)))
$$;

-- The objects of a bucket and their size, as the team's own query counts them. `return query` is where PL/pgSQL lets
-- PostgreSQL use several processes; `select … into` and functions in SQL never do. Raises what a size that is none raises.
create or replace function legisync.size_of_bucket(p_bucket text) returns table (n bigint, bytes numeric)
language plpgsql stable
set search_path = ''
as $$
begin
  return query select count(*), sum((metadata ->> 'size')::bigint) from storage.objects where bucket_id = p_bucket;
end
$$;

-- Counts and sizes only: 0.5 to 0.8 s with 1.4 million files.
create or replace function legisync.cheap_reading(p_bucket text) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_storage record;
  v_rows bigint;
  v_row_bytes numeric;
begin
  begin
    select * into v_storage from legisync.size_of_bucket(p_bucket);
  exception when data_exception then
    -- Some size is none. Looking at each before it is read takes twice as long.
    select count(*) as n, sum(legisync.object_size(metadata)) as bytes into v_storage
      from storage.objects where bucket_id = p_bucket;
  end;
  select count(*), sum(file_size) into v_rows, v_row_bytes from public.files_queue;
  return jsonb_build_object(
    'kind', 'cheap',
    'storage', legisync.counted(v_storage.n, v_storage.bytes),
    'queue', legisync.counted(v_rows, v_row_bytes),
    'oldestPending', legisync.oldest_pending());
end
$$;

-- Everything, of one moment: about 5 s with 1.4 million files. The fifty largest categories by name, the others in one.
create or replace function legisync.full_reading(p_bucket text, p_grace interval) returns jsonb
language sql stable
set search_path = ''
as $$
  with c as materialized (
    -- As legisync.documents has the grammar of a category: what is not one, is no folder of ours.
    select case when category ~ '^[a-z0-9][a-z0-9_-]{0,62}$' then category else '(other)' end as category,
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
    'storage', legisync.counted(sum(n) filter (where class not in ('dangling', 'row in flight', 'elsewhere')), sum(object_bytes)),
    'queue', legisync.counted(sum(n) filter (where ours is not null), sum(row_bytes)),
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
    'categories', (select coalesce(jsonb_agg(jsonb_build_object(
        'category', category, 'objects', coalesce(objects, 0), 'rows', coalesce(rows, 0), 'missing', coalesce(missing, 0),
        'inFlight', coalesce(in_flight, 0), 'dangling', coalesce(dangling, 0), 'stale', coalesce(stale, 0),
        'sizeMismatches', coalesce(resized, 0)) order by place), '[]') from categories))
  from c
$$;

-- Else a misspelt name would read as coherent: nothing there, and nothing missing.
create or replace function legisync.check_bucket(p_bucket text) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  if not exists (select from storage.buckets where id = p_bucket) then
    raise exception 'Storage has no bucket %: correct LEGISYNC_BUCKET, or let `legisync up` make it.', coalesce(p_bucket, 'null')
      using errcode = 'no_data_found';
  end if;
end
$$;
revoke execute on function legisync.check_bucket(text) from public, anon, authenticated, service_role;

-- Takes a reading, and keeps it.
create or replace function public.measure_coherence(p_bucket text, p_kind text, p_grace_seconds integer)
returns json
language plpgsql security definer
set search_path = '' set statement_timeout = '30s'
as $$
declare
  v_began timestamptz := clock_timestamp();
  v_reading jsonb;
begin
  perform legisync.check_bucket(p_bucket);
  if p_kind = 'cheap' then
    v_reading := legisync.cheap_reading(p_bucket);
  elsif p_kind = 'full' then
    v_reading := legisync.full_reading(p_bucket, make_interval(secs => p_grace_seconds));
  else
    raise exception 'p_kind is %: it must be cheap or full.', p_kind using errcode = 'invalid_parameter_value';
  end if;
  v_reading := v_reading || jsonb_build_object(
    'bucket', p_bucket, 'graceSeconds', p_grace_seconds, 'at', v_began,
    'seconds', extract(epoch from clock_timestamp() - v_began));
  insert into legisync.coherence_checks (bucket_id, kind, reading, at) values (p_bucket, p_kind, v_reading, v_began);
  delete from legisync.coherence_checks
    where at < now() - interval '90 days'
       or id <= (select id from legisync.coherence_checks order by id desc offset 5000 limit 1);
  return v_reading;
end
$$;

-- The first files without a row, by path. The paths come one by one out of a merge of two indexes, and each is looked up
-- until there are enough: at 1.4 million files 1 s where few are missing, nothing where all are.
create or replace function public.missing_files(p_bucket text, p_grace_seconds integer, p_limit integer)
returns json
language plpgsql security definer
set search_path = '' set statement_timeout = '30s'
set enable_seqscan = off set enable_bitmapscan = off set enable_nestloop = off set enable_hashjoin = off
as $$
declare
  v_name text;
  v_file json;
  v_files json[] := '{}';
begin
  perform legisync.check_bucket(p_bucket);
  perform legisync.check_bounds('p_limit', p_limit, 1, 1000);
  for v_name in execute '
    select o.name from storage.objects o
    where o.bucket_id = $1 and legisync.is_file(o.name)
      and not exists (select from public.files_queue f where f.file_path = o.name)
    order by o.name' using p_bucket
  loop
    select json_build_object('path', o.name, 'size', legisync.object_size(o.metadata), 'at', coalesce(o.updated_at, o.created_at))
      into v_file
      from storage.objects o
      where o.bucket_id = p_bucket and o.name = v_name
        and coalesce(o.updated_at, o.created_at, '-infinity') <= now() - make_interval(secs => p_grace_seconds);
    if found then
      v_files := v_files || v_file;
      exit when cardinality(v_files) = p_limit;
    end if;
  end loop;
  return array_to_json(v_files);
end
$$;

-- The first rows without an object, by path; likewise.
create or replace function public.dangling_rows(p_bucket text, p_grace_seconds integer, p_limit integer)
returns json
language plpgsql security definer
set search_path = '' set statement_timeout = '30s'
set enable_seqscan = off set enable_bitmapscan = off set enable_nestloop = off set enable_hashjoin = off
as $$
declare
  v_path text;
  v_row json;
  v_rows json[] := '{}';
begin
  perform legisync.check_bucket(p_bucket);
  perform legisync.check_bounds('p_limit', p_limit, 1, 1000);
  for v_path in execute '
    select f.file_path from public.files_queue f
    where f.bucket_id = $1 and not exists (select from storage.objects o where o.bucket_id = $1 and o.name = f.file_path)
    order by f.file_path' using p_bucket
  loop
    select json_build_object('path', f.file_path, 'size', f.file_size, 'at', greatest(f.created_at, f.updated_at),
                             'status', f.status, 'markedAt', f.dangling_since)
      into v_row
      from public.files_queue f
      where f.file_path = v_path and f.bucket_id = p_bucket
        and (f.dangling_since is not null
             or legisync.row_written(f.created_at, f.updated_at) <= now() - make_interval(secs => p_grace_seconds));
    if found then
      v_rows := v_rows || v_row;
      exit when cardinality(v_rows) = p_limit;
    end if;
  end loop;
  return array_to_json(v_rows);
end
$$;

-- The first stale rows, by path. Content is compared, so both tables are read: about 4 s with 1.4 million files.
create or replace function public.stale_rows(p_bucket text, p_grace_seconds integer, p_limit integer)
returns json
language plpgsql security definer
set search_path = '' set statement_timeout = '30s' set work_mem = '64MB' set enable_mergejoin = off set enable_nestloop = off
as $$
declare
  v_rows json;
begin
  perform legisync.check_bucket(p_bucket);
  perform legisync.check_bounds('p_limit', p_limit, 1, 1000);
  execute '
    select coalesce(json_agg(json_build_object(
             ''path'', path, ''size'', size, ''at'', at, ''rowAt'', row_at, ''status'', status) order by path), ''[]'')
    from (
      select o.name as path, legisync.object_size(o.metadata) as size, coalesce(o.updated_at, o.created_at) as at,
             greatest(f.created_at, f.updated_at) as row_at, f.status
      from storage.objects o join public.files_queue f on f.file_path = o.name and f.bucket_id = o.bucket_id
      where o.bucket_id = $1 and legisync.is_file(o.name)
        and legisync.is_stale(o.user_metadata ->> ''sha256'', f.content_sha256, coalesce(o.updated_at, o.created_at),
                              legisync.row_written(f.created_at, f.updated_at), f.requeue, $2)
      order by o.name limit $3) s'
    into v_rows using p_bucket, make_interval(secs => p_grace_seconds), p_limit;
  return v_rows;
end
$$;

-- One step of a repair of dangling rows: those among the next `p_step` paths that are older than the grace time are
-- marked, and those that are pending get a word that no Worker takes, where the table knows one; so do rows that were in
-- work when they were marked, and are pending since. Rows whose file is back lose their mark, and those with that word are
-- pending again; a finished one stays finished. Nothing is deleted. In the answer, `next` is what to give as `p_after` the
-- next time; null: that was the end. A dry run counts only.
--
-- Rows are locked in the order of their paths, as everywhere; what is true of them is asked once more after that. The
-- index of storage.objects is asked for each row (`offset 0` keeps the planner from joining).
create or replace function public.repair_dangling(
  p_bucket text, p_grace_seconds integer, p_after text, p_step integer, p_dry_run boolean)
returns json
language plpgsql security definer
set search_path = '' set statement_timeout = '30s'
as $$
declare
  v_before timestamptz := now() - make_interval(secs => p_grace_seconds);
  v_scanned integer;
  v_upto text;
  v_word text;
  v_gone text[];
  v_back text[];
  v_marked integer;
  v_hidden integer := 0;
  v_now timestamptz;
begin
  perform legisync.check_bucket(p_bucket);
  select word_dangling into v_word from legisync.settings;
  perform legisync.check_bounds('p_step', p_step, 1, 100000);
  select scanned, upto into v_scanned, v_upto from legisync.next_paths(p_after, p_step);
  execute '
    select coalesce(array_agg(path order by path)
                      filter (where not is_there and case when is_marked then is_pending else written <= $4 end), ''{}''),
           coalesce(array_agg(path order by path) filter (where is_there and is_marked), ''{}'')
    from (
      select f.file_path as path, f.dangling_since is not null as is_marked,
             f.status = ''pending'' and $5 as is_pending,
             legisync.row_written(f.created_at, f.updated_at) as written,
             exists (select from storage.objects o where o.bucket_id = $1 and o.name = f.file_path offset 0) as is_there
      from public.files_queue f
      where f.bucket_id = $1 and f.file_path > $2 collate "default" and f.file_path <= $3 collate "default") r'
    into v_gone, v_back using p_bucket, p_after, v_upto, v_before, v_word is not null;

  if p_dry_run then
    select count(*) filter (where dangling_since is null), count(*) filter (where status = 'pending' and v_word is not null)
      into v_marked, v_hidden
      from public.files_queue where file_path = any (v_gone);
    return json_build_object('scanned', v_scanned, 'marked', v_marked, 'hidden', v_hidden,
                             'takenBack', cardinality(v_back), 'next', case when v_scanned = p_step then v_upto end);
  end if;

  perform from public.files_queue where file_path = any (v_gone || v_back) order by file_path for update;
  v_now := clock_timestamp();
  -- The word is a literal, so that it fits whatever type the column has.
  execute format('
    with marked as (
      update public.files_queue f set
          dangling_since = coalesce(f.dangling_since, $4),
          status = case when f.status = ''pending'' then coalesce(%L, f.status) else f.status end
        where f.file_path = any ($2) and f.bucket_id = $1
          and case when f.dangling_since is null then legisync.row_written(f.created_at, f.updated_at) <= $3
                   else f.status = ''pending'' end
          and not exists (select from storage.objects o where o.bucket_id = $1 and o.name = f.file_path)
        returning f.status::text as status, f.dangling_since)
    select count(*) filter (where dangling_since = $4), count(*) filter (where status = %1$L) from marked', v_word)
    into v_marked, v_hidden using p_bucket, v_gone, v_before, v_now;
  return json_build_object('scanned', v_scanned, 'marked', v_marked, 'hidden', v_hidden,
                           'takenBack', legisync.take_back_marks(p_bucket, v_back),
                           'next', case when v_scanned = p_step then v_upto end);
end
$$;

-- One step of a repair of stale rows, likewise: among the next `p_step` paths, each stale row takes over its object's hash
-- and size. One that is finished is pending again; any other is marked `requeue`, as enqueue_documents does. A row that is
-- right but for its size gets the size, and is not queued again.
create or replace function public.repair_stale(
  p_bucket text, p_grace_seconds integer, p_after text, p_step integer, p_dry_run boolean)
returns json
language plpgsql security definer
set search_path = '' set statement_timeout = '30s' set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  v_grace interval := make_interval(secs => p_grace_seconds);
  s legisync.settings;
  v_scanned integer;
  v_upto text;
  v_paths text[];
  v_requeued integer;
  v_pending integer;
  v_resized integer;
begin
  select * into strict s from legisync.settings;
  perform legisync.check_bucket(p_bucket);
  perform legisync.check_bounds('p_step', p_step, 1, 100000);
  select scanned, upto into v_scanned, v_upto from legisync.next_paths(p_after, p_step);
  execute '
    select coalesce(array_agg(f.file_path order by f.file_path), ''{}'')
    from public.files_queue f join storage.objects o on o.bucket_id = $1 and o.name = f.file_path
    where f.bucket_id = $1 and f.file_path > $2 collate "default" and f.file_path <= $3 collate "default"
      and (f.file_size <> legisync.object_size(o.metadata)
           or legisync.is_stale(o.user_metadata ->> ''sha256'', f.content_sha256, coalesce(o.updated_at, o.created_at),
                                legisync.row_written(f.created_at, f.updated_at), f.requeue, $4))
      and legisync.is_file(f.file_path)'
    into v_paths using p_bucket, p_after, v_upto, v_grace;

  if not p_dry_run then
    perform from public.files_queue where file_path = any (v_paths) order by file_path for update;
    -- A row that is marked has its file again, or it could not be stale.
    perform legisync.take_back_marks(p_bucket, v_paths);
  end if;
  with wrong as (
    select f.file_path, legisync.object_size(o.metadata) as size, o.user_metadata ->> 'sha256' as sha256,
           coalesce(f.processed, false) or f.status::text = any (s.status_done) as finished,
           legisync.is_stale(o.user_metadata ->> 'sha256', f.content_sha256, coalesce(o.updated_at, o.created_at),
                             legisync.row_written(f.created_at, f.updated_at), f.requeue, v_grace) as stale,
           f.file_size <> legisync.object_size(o.metadata) as resized
    from public.files_queue f join storage.objects o on o.bucket_id = p_bucket and o.name = f.file_path
    where f.file_path = any (v_paths) and f.bucket_id = p_bucket
  ), mended as (
    update public.files_queue f set
        content_sha256 = case when w.stale then w.sha256 else f.content_sha256 end,
        file_size = coalesce(w.size, f.file_size),
        updated_at = clock_timestamp(),
        status = case when w.stale and w.finished then 'pending' else f.status end,
        processed = case when w.stale and w.finished then false else f.processed end,
        requeue = case when w.stale then not w.finished else f.requeue end,
        backfilled = f.backfilled and not w.stale
      from wrong w
      where f.file_path = w.file_path and (w.stale or w.resized) and not p_dry_run
  )
  select count(*) filter (where stale and finished), count(*) filter (where stale and not finished),
         count(*) filter (where resized and not stale)
    into v_pending, v_requeued, v_resized from wrong;
  return json_build_object('scanned', v_scanned, 'pendingAgain', v_pending, 'requeued', v_requeued, 'resized', v_resized,
                           'next', case when v_scanned = p_step then v_upto end);
end
$$;

-- Rows that were inserted in the last ten minutes, by minute, the newest first. There is no index for it: one scan, 0.2 s
-- with 1.4 million rows.
create or replace function public.insertion_rate()
returns json
language sql security definer
set search_path = '' set statement_timeout = '20s'
as $$
  select coalesce(json_agg(json_build_object('minute', minute, 'filesInserted', n, 'buckets', buckets) order by minute desc), '[]')
  from (
    select date_trunc('minute', created_at)::timestamptz as minute, count(*) as n,
           string_agg(distinct bucket_id, ', ') as buckets
    from public.files_queue where created_at > now() - interval '10 minutes' group by 1) m
$$;

revoke execute on function legisync.row_written(timestamptz, timestamptz) from public, anon, authenticated, service_role;
revoke execute on function legisync.is_stale(text, text, timestamptz, timestamptz, boolean, interval) from public, anon, authenticated, service_role;
revoke execute on function legisync.compare(text, interval) from public, anon, authenticated, service_role;
revoke execute on function legisync.oldest_pending() from public, anon, authenticated, service_role;
revoke execute on function legisync.counted(numeric, numeric) from public, anon, authenticated, service_role;
revoke execute on function legisync.size_of_bucket(text) from public, anon, authenticated, service_role;
revoke execute on function legisync.cheap_reading(text) from public, anon, authenticated, service_role;
revoke execute on function legisync.full_reading(text, interval) from public, anon, authenticated, service_role;
call legisync.reserve_for_service(array[
  'public.measure_coherence(text, text, integer)',
  'public.missing_files(text, integer, integer)',
  'public.dangling_rows(text, integer, integer)',
  'public.stale_rows(text, integer, integer)',
  'public.repair_dangling(text, integer, text, integer, boolean)',
  'public.repair_stale(text, integer, text, integer, boolean)',
  'public.insertion_rate()']);

-- PostgREST keeps functions and their settings in a cache.
notify pgrst, 'reload schema';

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

-- supabase/schemas/queue/content_differences.sql
-- The rows among `p_paths` whose hash or size differs from their object's, and how: `newer` (see
-- legisync.content_is_newer), `adopt` (the row takes the object's hash, but the content is not new), `resize` (the size
-- differs).
create or replace function legisync.content_differences(p_bucket text, p_paths text[], p_grace interval)
returns table (
  file_path text, sha256 text, size bigint, written timestamptz,
  finished boolean, newer boolean, adopt boolean, resize boolean)
language plpgsql stable
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
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
$$;

-- supabase/schemas/queue/content_is_newer.sql
-- Whether an object has newer content than its row. This is the only place that decides it.
--
-- If both have a hash, the hashes decide. Hashes of different versions of the projection ("v1:…", "v2:…") cannot be
-- compared. They do not count as new content, and the row takes the object's hash.
--
-- If one has no hash, dates decide (ADR 4). A row that legisync has written knows the date of its content: an object
-- with a later date is newer. Of a pre-existing row only the row's own date is known. An object with a hash was
-- uploaded by legisync, so it is newer if it was written after the row. An object without a hash comes from a collector
-- that inserts the row seconds before the upload, so it is newer only if it is younger by more than the grace time.
--
-- Stable, because adding an interval to a time is stable. Declared immutable, it would not be inlined.
create or replace function legisync.content_is_newer(
  p_object_sha256 text, p_row_sha256 text, p_object_written timestamptz, p_row_created timestamptz,
  p_row_content_at timestamptz, p_grace interval) returns boolean
language sql stable parallel safe
return case
  when p_object_sha256 = p_row_sha256 then false
  when p_object_sha256 is not null and p_row_sha256 is not null
    then split_part(p_object_sha256, ':', 1) = split_part(p_row_sha256, ':', 1)
  when p_row_content_at is not null then p_object_written > p_row_content_at
  when p_object_sha256 is not null then p_object_written > coalesce(p_row_created, '-infinity')
  else p_object_written > coalesce(p_row_created, '-infinity') + p_grace
end;

-- supabase/schemas/queue/is_finished.sql
-- Whether a row of files_queue is finished. `p_done` is legisync.settings.status_done.
create or replace function legisync.is_finished(p_processed boolean, p_status text, p_done text[]) returns boolean
language sql immutable parallel safe
return coalesce(p_processed, false) or coalesce(p_status = any (p_done), false);

-- supabase/schemas/queue/resolve_status_values.sql
-- Chooses the values that legisync writes into `files_queue.status`. Called at the end of each migration, and by
-- `legisync migrate` after it has written the settings.
create or replace function legisync.resolve_status_values() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- supabase/schemas/queue/restore_dangling.sql
-- Clears the mark of dangling rows whose file exists again. `legisync repair dangling` has set the mark, and has given
-- pending rows a status that no Worker polls. These rows are pending again; a finished row stays finished. `content_at`
-- stays too, because it shows whether the restored file is newer. The caller holds the row locks, or there are few
-- rows.
create or replace function legisync.restore_dangling(p_bucket text, p_paths text[]) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
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
$$;

-- supabase/schemas/queue/status_accepts.sql
-- Whether `files_queue.status` accepts a value, whatever its type and its checks are. Checks that also read other
-- columns are skipped. The statements are built as text, because type and checks are known only at run time.
create or replace function legisync.status_accepts(p_value text) returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- supabase/schemas/queue/take_over_content.sql
-- Brings rows up to date with their objects. The caller holds the row locks. This is the only place that applies the
-- rule of changed content:
--   * The content is newer: the row gets the object's hash and size. If it was finished it becomes pending again,
--     otherwise it is marked `requeue` (see legisync.keep_requeue).
--   * Only the hash is new to the row: the row gets it. A claim on the row stays, and counts its attempts for that
--     hash.
--   * Only the size differs: the row gets it if `p_sizes` is set. A size says nothing about the content.
--
-- A row that is pending with newer content loses its claim. The claimant has read the old content; if it could still
-- complete the row, no Worker would read the new one. This includes a row that was pending before, because another
-- session set it back under its claimant. A completed claim stays, so that a repeated call gets its answer.
create or replace function legisync.take_over_content(
  p_bucket text, p_paths text[], p_grace interval, p_sizes boolean,
  out pending_again integer, out requeued integer, out resized integer)
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
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
$$;

-- supabase/schemas/claims/claim_settings.sql
-- The settings. Raises an exception if the status column accepts no value for one of a claim's outcomes. Checked before
-- files are handed out: a Worker must not do its work first and then be unable to record it.
create or replace function legisync.claim_settings() returns legisync.settings
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- supabase/schemas/claims/end_claims.sql
-- Ends claims that are held. Their new state is `p_state`. A `waiting` claim is due after `p_wait`; the others are
-- removed after the time in legisync.forget_after. A null `p_error` keeps the last error.
create or replace function legisync.end_claims(
  p_paths text[], p_state text, p_error text default null, p_wait interval default null) returns void
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
begin
  update legisync.claims set
      state = p_state,
      held_until = null,
      due_at = clock_timestamp() + coalesce(p_wait, legisync.forget_after(p_state)),
      error = coalesce(left(p_error, 500), error)
    where file_path = any (p_paths);
end
$$;

-- supabase/schemas/claims/ended_before.sql
-- The paths whose claim this token has already brought to one of these states. For these, the call is a repetition.
create or replace function legisync.ended_before(p_token uuid, p_paths text[], p_states text[]) returns text[]
language sql stable
return array(
  select c.file_path from legisync.claims c
  where c.file_path = any (p_paths) and c.token = p_token and c.state = any (p_states));

-- supabase/schemas/claims/expire_claims.sql
-- Ends what has expired: leases, waits before another attempt, and the retention of ended claims. At most a thousand
-- per call. A call can claim no more than that, so expiry keeps up. Returns how many files are pending again or given up.
create or replace function legisync.expire_claims(s legisync.settings) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
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
$$;

-- supabase/schemas/claims/forget_after.sql
-- How long an ended claim is kept. Completed: long enough to repeat a call whose answer was lost. Returned: for its
-- count of attempts; a file that is not claimed for a week starts again at zero. Failed: so that people can look up the
-- reason.
create or replace function legisync.forget_after(p_state text) returns interval
language sql immutable
return case p_state when 'completed' then interval '10 minutes' when 'returned' then interval '7 days'
            else interval '30 days' end;

-- supabase/schemas/claims/legisync_claim_files.sql
-- Hands out up to `p_batch` (1 to 1000) pending files to one Worker, with a lease of `p_lease_seconds` (1 to 86400).
-- Collected documents come before those that a backfill queued, each oldest first. Rows that another session has locked
-- are skipped.
--
-- Attempts are counted for one content. The count restarts when the content changes, when the file was completed, and
-- when a row that was given up is made pending again.
--
-- Measured with 1.4 million pending rows on two cores: 4 ms for 100 files, 24 ms for 1000. To skip 100,000 locked rows:
-- 92 ms. Ending 1000 leases adds 40 ms, removing 1000 claims 4 ms.
create or replace function public.legisync_claim_files(p_worker text, p_batch integer, p_lease_seconds integer)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan set statement_timeout = '30s'
as $$
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
$$;
comment on function public.legisync_claim_files is
  'Part of legisync. Hands out pending files to a Worker, with a lease.';

-- supabase/schemas/claims/legisync_complete_files.sql
-- Completes files. A lease that has ended is still valid until the file is taken back. In the answer, each path is in
-- one of:
--   `completed`         a number.
--   `pendingAgain`      completed, but pending again because the content changed meanwhile.
--   `alreadyCompleted`  a number: completed by an earlier call with this token, within the last ten minutes.
--   `refused`           the token does not hold this file, or not any more.
create or replace function public.legisync_complete_files(p_token uuid, p_paths text[])
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan set statement_timeout = '30s'
as $$
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
$$;
comment on function public.legisync_complete_files is 'Part of legisync. Completes claimed files.';

-- supabase/schemas/claims/legisync_expire_claims.sql
-- Ends expired leases and waits before another attempt, up to a thousand: the files are pending again, or given up.
-- legisync_claim_files does the same. legisync's workers call this every minute, so that Workers that poll the table get
-- the files even if nobody claims any more. In the answer: `ended`, a number.
create or replace function public.legisync_expire_claims()
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan set statement_timeout = '30s'
as $$
begin
  -- Without claims, the table's status need not accept their outcomes.
  if not exists (select from legisync.claims) then
    return json_build_object('ended', 0);
  end if;
  return json_build_object('ended', legisync.expire_claims(legisync.claim_settings()));
end
$$;
comment on function public.legisync_expire_claims is 'Part of legisync. Ends expired leases of files.';

-- supabase/schemas/claims/legisync_extend_files.sql
-- Extends the lease of these files to `p_lease_seconds` (1 to 86400) from now. If a path is `refused`, its Worker does
-- not hold the file any more and should stop processing it.
create or replace function public.legisync_extend_files(p_token uuid, p_paths text[], p_lease_seconds integer)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '30s'
as $$
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
$$;
comment on function public.legisync_extend_files is 'Part of legisync. Extends the lease of claimed files.';

-- supabase/schemas/claims/legisync_fail_files.sql
-- Records that files could not be processed. Each file is pending again in `p_retry_seconds` (0 to 86400), or is given
-- up if this was its last attempt. A file whose content changed meanwhile is pending at once. In the answer: `retried`,
-- a number; `failed`, the paths that are given up; `alreadyEnded`, a number: ended by an earlier call with this token;
-- `refused`, as in legisync_complete_files.
create or replace function public.legisync_fail_files(
  p_token uuid, p_paths text[], p_error text, p_retry_seconds integer default 0)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan set statement_timeout = '30s'
as $$
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
$$;
comment on function public.legisync_fail_files is
  'Part of legisync. Records that claimed files could not be processed.';

-- supabase/schemas/claims/legisync_release_files.sql
-- Releases files that the Worker has not begun to process. They are pending at once, and the attempt is not counted. In
-- the answer: `released`, a number; `alreadyEnded` and `refused`, as in legisync_fail_files.
create or replace function public.legisync_release_files(p_token uuid, p_paths text[])
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '30s'
as $$
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
$$;
comment on function public.legisync_release_files is 'Part of legisync. Releases claimed files that were not begun.';

-- supabase/schemas/claims/lock_claimed.sql
-- Locks the queue rows of these paths. Returns the paths that the token holds and whose row is still in progress: if a
-- row was changed by hand, its Worker has lost it.
create or replace function legisync.lock_claimed(s legisync.settings, p_token uuid, p_paths text[]) returns text[]
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
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
$$;

-- supabase/schemas/claims/refused.sql
-- The paths that are not among the known ones, each once.
create or replace function legisync.refused(p_paths text[], p_known text[]) returns json
language sql immutable
return (
  select coalesce(json_agg(p.path order by p.path), '[]') from (select distinct unnest(p_paths)) as p (path)
  where p.path <> all (p_known));

-- supabase/schemas/claims/set_status.sql
-- Sets the status of queue rows.
create or replace function legisync.set_status(p_paths text[], p_status text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
declare
  v_status public.files_queue.status%type := p_status;
begin
  update public.files_queue set status = v_status where file_path = any (p_paths);
end
$$;

-- supabase/schemas/enumeration/begin_pass.sql
-- Begins a pass, with one slice for each source. Keeps the previous pass, so that an operator can still see which
-- slices were parked. Removes older passes once their listings are removed (see legisync.forget_listings).
create or replace function legisync.begin_pass(p_collection text, p_pass integer, p_sources text[])
returns legisync.passes
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- supabase/schemas/enumeration/check_keys.sql
-- Raises 22023 if `p_keys` of legisync_split_slice is invalid. The keys are as legisync.slice_key returns them; the
-- kind `source` is not allowed, because only a new pass creates such slices.
create or replace function legisync.check_keys(p_keys jsonb) returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- supabase/schemas/enumeration/count_due.sql
-- How many documents of a category are due and in no batch, counted up to 10,000, and when the next one is due. Both
-- queries read the index documents_due in its order, whatever the statistics say.
create or replace function legisync.count_due(
  p_category text, p_now timestamptz, out due integer, out next_due timestamptz)
language plpgsql stable
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
begin
  select count(*) into due from (
    select from legisync.documents
    where category = p_category and next_attempt_at <= p_now and held_until is null
    order by next_attempt_at limit 10000) d;
  select next_attempt_at into next_due
    from legisync.documents where category = p_category and next_attempt_at is not null
    order by next_attempt_at limit 1;
end
$$;

-- supabase/schemas/enumeration/forget_listings.sql
-- Removes listings of earlier passes. A call removes those of twenty slices: at most 200,000 rows, about 0.2 s.
create or replace function legisync.forget_listings(p_collection text, p_pass integer) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- supabase/schemas/enumeration/legisync_fail_slice.sql
-- Records a failure of a slice, which is due again in `p_retry_seconds`. Answers `lost` if another batch holds the
-- slice, or if this failure is already recorded.
create or replace function public.legisync_fail_slice(
  p_slice bigint, p_batch jsonb, p_attempts integer, p_code text, p_message text, p_retry_seconds double precision)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '20s'
as $$
begin
  perform legisync.check_bounds('p_retry_seconds', p_retry_seconds::numeric, 0, 31536000);
  return json_build_object('outcome', case
    when legisync.record_slice_failure(
      p_slice, p_batch, p_attempts, p_code, p_message, make_interval(secs => p_retry_seconds)) then 'open'
    else 'lost' end);
end
$$;
comment on function public.legisync_fail_slice is
  'Part of legisync. Records a failure of a slice that will be retried.';

-- supabase/schemas/enumeration/legisync_lease_slice.sql
-- Leases an open slice to a batch for `p_lease_seconds`: the slice that the batch already holds, or else a free one.
-- Null: no slice is available.
--
-- When the lease has ended, any batch may lease the slice. Late calls of the former holder then change nothing: the
-- functions that move a slice compare the holder.
create or replace function public.legisync_lease_slice(
  p_collection text, p_pass integer, p_batch jsonb, p_lease_seconds integer)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '20s'
as $$
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
$$;
comment on function public.legisync_lease_slice is 'Part of legisync. Leases an open slice to a batch.';

-- supabase/schemas/enumeration/legisync_open_pass.sql
-- Returns the pass in progress. Completes it when nothing is left to do, and begins the next one `p_interval_seconds`
-- after the last one ended. Lanes call this often; an advisory lock lets one of them decide at a time.
create or replace function public.legisync_open_pass(p_collection text, p_sources text[], p_interval_seconds integer)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan set statement_timeout = '20s'
as $$
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
$$;
comment on function public.legisync_open_pass is 'Part of legisync. Begins, completes and describes passes.';

-- supabase/schemas/enumeration/legisync_park_slice.sql
-- Records a permanent failure of a slice: it is parked until the next pass. Answers `lost` in the same cases as
-- legisync_fail_slice.
create or replace function public.legisync_park_slice(
  p_slice bigint, p_batch jsonb, p_attempts integer, p_code text, p_message text)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '20s'
as $$
begin
  return json_build_object('outcome', case when legisync.record_slice_failure(
    p_slice, p_batch, p_attempts, p_code, p_message, null) then 'parked' else 'lost' end);
end
$$;
comment on function public.legisync_park_slice is 'Part of legisync. Parks a slice until the next pass.';

-- supabase/schemas/enumeration/legisync_register_slice.sql
-- Writes one page of a slice into the catalogue and moves the slice, in one transaction. `p_page` is the number of the
-- page, from 1, and `p_documents` is [{"id", "revision"}, …]. `p_action` says what happens next:
--   `continue`  the caller reads the next page. Its lease is renewed for `p_lease_seconds`.
--   `release`   the slice is released. Any batch may read the next page.
--   `round`     the page ended a round of a search. The pages of a search can shift while they are read, so the slice
--               is complete only when two successive rounds list the same ids. Otherwise the next round begins and the
--               slice is released. After eight rounds it is parked, with the reason.
--   `whole`     the listing is a single answer, and this was its last page. The slice is complete.
--
-- Answers `open`, `complete` or `lost`. `lost` means that the caller must stop. Either the caller does not hold this
-- round of the slice any more, and nothing is written. Or a crash has lost the earlier pages, and the round starts
-- again.
create or replace function public.legisync_register_slice(
  p_bucket text, p_slice bigint, p_batch jsonb, p_round integer, p_page integer, p_documents jsonb, p_action text,
  p_lease_seconds integer, p_adopt text)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '30s'
as $$
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
$$;
comment on function public.legisync_register_slice is 'Part of legisync. Writes a page of a slice into the catalogue.';

-- supabase/schemas/enumeration/legisync_release_slice.sql
-- Releases a slice without changing it. Any batch may lease it at once. Answers `lost` if another batch holds it.
create or replace function public.legisync_release_slice(p_slice bigint, p_batch jsonb)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '20s'
as $$
declare
  v legisync.slices := legisync.lock_slice(p_slice, p_batch);
begin
  update legisync.slices set holder = null, held_since = null, held_until = null where id = v.id;
  return json_build_object('outcome', case when v.id is null then 'lost' else 'released' end);
end
$$;
comment on function public.legisync_release_slice is 'Part of legisync. Releases a slice.';

-- supabase/schemas/enumeration/legisync_split_slice.sql
-- Replaces a slice by finer ones, whose keys are as legisync.slice_key returns them. Answers `lost`, and changes
-- nothing, if the slice is already split or another batch holds it.
create or replace function public.legisync_split_slice(p_slice bigint, p_batch jsonb, p_keys jsonb)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '20s'
as $$
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
$$;
comment on function public.legisync_split_slice is 'Part of legisync. Replaces a slice by finer ones.';

-- supabase/schemas/enumeration/list_page.sql
-- Records the ids of one page of a round. Returns false, and records nothing, if a crash of PostgreSQL has lost the
-- earlier pages.
--
-- The first page begins the round, unless a later page has already been read: a late duplicate of the first page must
-- not remove the later ones.
create or replace function legisync.list_page(v legisync.slices, p_page integer, p_documents jsonb) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- supabase/schemas/enumeration/listed_elsewhere.sql
-- The ids that slices of the pass other than `p_slices` have listed.
create or replace function legisync.listed_elsewhere(p_collection text, p_pass integer, p_slices bigint[], p_ids text[])
returns text[]
language sql stable
return array(
  select distinct l.id
  from legisync.slices s join legisync.listing_documents l on l.slice = s.id
  where s.collection = p_collection and s.pass = p_pass and s.id <> all (p_slices) and l.id = any (p_ids));

-- supabase/schemas/enumeration/lock_slice.sql
-- Locks a slice and returns it if the slice is open and this batch holds it. Otherwise every column is null. Checks the
-- parameters that all slice functions share.
create or replace function legisync.lock_slice(p_slice bigint, p_batch jsonb) returns legisync.slices
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- supabase/schemas/enumeration/mark_absent.sql
-- Marks the documents that a source does not list any more. It waits until all slices of the source are complete,
-- because a document whose date was changed moves to another slice. For a code, its table of contents is enough.
-- Returns whether nothing is left to mark; a call marks at most 10,000 documents of a source.
--
-- Nothing is marked for a source with a parked slice, or for a listing that lost pages in a crash of PostgreSQL. The
-- next pass does it.
create or replace function legisync.mark_absent(p_collection text, p_pass integer) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- supabase/schemas/enumeration/mark_absent_documents.sql
-- Marks up to 10,000 documents of a source that are not listed by any of these slices. Returns whether that was all. A
-- document that a code's table of contents does not list any more also becomes superseded, unless another source of the
-- pass lists it. That source then becomes its owner. An unavailable document that no source lists is withdrawn.
--
-- Documents that another transaction has locked are left for the next call. The caller may already hold locks on higher
-- ids, so waiting here could deadlock.
--
-- Nested loops are disabled: without statistics the planner may expect few rows in the listing, and scan all of it once
-- for each document.
create or replace function legisync.mark_absent_documents(
  p_collection text, p_pass integer, p_source text, p_code_id text, p_slices bigint[]) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
set enable_nestloop = off set work_mem = '64MB'
as $$
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
$$;

-- supabase/schemas/enumeration/mark_unlisted.sql
-- At the end of a pass: ends the retries of documents that no listing of the pass can show, because their source was
-- removed or renamed, or does not contain their code any more. legisync.mark_absent compares only what the pass reads,
-- so it never judges them.
--
-- An unavailable document is withdrawn. A failed one of a code is superseded. If another source lists the document, it
-- is only marked as absent, and that source becomes its owner in the next pass. A source whose own slice is parked is
-- not judged: its codes are unknown. Reads only documents that are to be tried again. A call marks at most 10,000; the
-- next pass marks the rest, and those that another transaction has locked.
create or replace function legisync.mark_unlisted(p_collection text, p_pass integer) returns void
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
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
$$;

-- supabase/schemas/enumeration/move_slice.sql
-- Moves a slice after a page (see `p_action` of legisync_register_slice). Keeps only the ids of the last round.
create or replace function legisync.move_slice(v legisync.slices, p_page integer, p_action text, p_lease interval)
returns legisync.slices
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- supabase/schemas/enumeration/record_slice_failure.sql
-- Records a failure of a slice and releases it. The slice is due again after `p_delay`; without a delay it is parked.
-- `p_attempts` is the number of failures that the caller knew of, so a repeated call finds one more and changes
-- nothing. Returns whether the failure was recorded.
create or replace function legisync.record_slice_failure(
  p_slice bigint, p_batch jsonb, p_attempts integer, p_code text, p_message text, p_delay interval) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- supabase/schemas/enumeration/register_documents.sql
-- Writes listed documents into the catalogue, and returns how many are new. `p_documents` is [{"id", "revision"}, …];
-- `p_pass` is null for MAINTENANCE. A known document is written only if the listing changes it (see legisync.relisted),
-- so a pass without changes writes nothing here.
--
-- A new document whose object exists without a hash was collected before legisync. With `trust` it counts as stored.
-- Documents are written in the order of their ids, so that two enumerations cannot deadlock.
create or replace function legisync.register_documents(
  p_bucket text, p_category text, p_source text, p_code_id text, p_pass integer, p_documents jsonb, p_adopt text)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
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
$$;

-- supabase/schemas/enumeration/relisted.sql
-- Returns a document as it is after a source has listed it; in most cases unchanged. This is the only place that
-- decides what a listing changes.
--
-- Several sources may list a document. Only its owner's change signal counts: signals of two sources would differ at
-- each listing. Another source that lists the document becomes its owner if
--   * the owner is not a source of the pass any more (it was renamed or removed; `p_sources`, null before the first
--     pass),
--   * the owner did not list the document in the last complete pass, or
--   * the document is superseded.
-- The new owner's signal is compared as well, because the content may have changed meanwhile. If the two sources have
-- different signals for the same content, that costs one request.
--
-- The result:
--   * If the signal that counts has changed, the document is due and its earlier failures are cleared. With `refresh`,
--     so is a document whose file is from before legisync.
--   * Otherwise, if the document was superseded, it gets its former state back. It is due if its last content was not
--     collected.
--   * A withdrawn document that its owner lists again is unavailable, and due.
create or replace function legisync.relisted(
  d legisync.documents, p_source text, p_code_id text, p_revision text, p_adopt text,
  p_complete_pass integer, p_sources text[], p_now timestamptz) returns legisync.documents
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- supabase/schemas/enumeration/same_as_last_round.sql
-- Whether this round of a slice listed the same ids as the previous one. False in the first round, and if a crash has
-- lost the previous round.
create or replace function legisync.same_as_last_round(v legisync.slices) returns boolean
language sql stable
return exists (select from legisync.listing_rounds where slice = v.id and round = v.round - 1)
  and not exists (
    select from legisync.listing_documents where slice = v.id and round in (v.round - 1, v.round)
    group by id having count(*) = 1);

-- supabase/schemas/enumeration/slice_key.sql
-- What a slice lists: {"kind": "source" | "undated"}, {"kind": "code", "code"} or {"kind": "window", "from", "to"}.
create or replace function legisync.slice_key(s legisync.slices) returns json
language sql immutable
return case s.kind
  when 'code' then json_build_object('kind', s.kind, 'code', s.code_id)
  when 'window' then json_build_object('kind', s.kind, 'from', s.window_from, 'to', s.window_to)
  else json_build_object('kind', s.kind) end;

-- supabase/schemas/batches/check_failures.sql
-- Raises 22023 if `p_failures` of legisync_enqueue_documents is invalid.
create or replace function legisync.check_failures(p_failures jsonb) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- supabase/schemas/batches/legisync_describe_documents.sql
-- For some documents: whether the batch still holds them, and what Storage has. [{"id", "held", "objectSha256"}, …].
-- The hash is null without an object, and for an object from before legisync. A document that is not held was lost: its
-- lease ended and another batch took it, or the run that took it is over.
create or replace function public.legisync_describe_documents(
  p_bucket text, p_category text, p_batch jsonb, p_ids text[])
returns json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan set statement_timeout = '20s'
as $$
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
$$;
comment on function public.legisync_describe_documents is
  'Part of legisync. Which documents a batch holds, and their hashes in Storage.';

-- supabase/schemas/batches/legisync_enqueue_documents.sql
-- Ends a batch: writes queue rows and catalogue states in one transaction. `p_stored` are the ids whose object is in
-- Storage, as far as the caller knows. `p_failures` is
-- [{"id", "code", "message", "retrySeconds", "maxSeconds", "unavailable"}, …].
--
-- "Object, then row": the caller passes ids, never sizes or hashes. The function reads those from storage.objects, so a
-- row cannot refer to a missing file, and cannot contradict its object. An id without an object is returned in
-- `missing`, and so is an id that is not in the catalogue (which checks the format of ids).
--
-- A late duplicate of this call is harmless. It locks the rows before it reads the objects, so it can only repeat what
-- is still true. In the catalogue, the first call has already ended the batch. Rows are locked in the order of their
-- paths, so that two batches cannot deadlock.
create or replace function public.legisync_enqueue_documents(
  p_bucket text, p_category text, p_batch jsonb, p_stored text[], p_failures jsonb)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan set statement_timeout = '30s'
as $$
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
$$;
comment on function public.legisync_enqueue_documents is
  'Part of legisync. Queues the stored documents of a batch, and ends the batch.';

-- supabase/schemas/batches/legisync_maintenance_cursor.sql
-- Where MAINTENANCE continues in a source. Null: it has not run yet.
create or replace function public.legisync_maintenance_cursor(p_collection text, p_source text)
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '20s'
as $$
begin
  perform legisync.check_category('p_collection', p_collection);
  perform legisync.check_text('p_source', p_source, 1, 200);
  return (select cursor from legisync.watermarks where collection = p_collection and source = p_source);
end
$$;
comment on function public.legisync_maintenance_cursor is 'Part of legisync. Where MAINTENANCE continues in a source.';

-- supabase/schemas/batches/legisync_take_documents.sql
-- Returns the documents of a batch: those that it already holds, and due documents, which it takes, oldest due first.
-- Up to `p_limit` in all. A repeated call returns the same documents, so a lost answer costs nothing. The lock makes a
-- call wait for its own duplicate; without it, both would take a full batch.
create or replace function public.legisync_take_documents(p_category text, p_batch jsonb, p_limit integer)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan set statement_timeout = '20s'
as $$
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
$$;
comment on function public.legisync_take_documents is 'Part of legisync. Takes due documents into a batch.';

-- supabase/schemas/batches/legisync_take_listed.sql
-- MAINTENANCE: processes one page of a listing in one transaction. Writes the documents into the catalogue, takes those
-- to re-check into the batch (legisync_take_documents returns them), and moves the source's cursor. The documents are
-- due from now on, because the cursor does not come back for those that the batch does not reach.
--
-- Not taken:
--   * documents that wait after a failure and whose change signal has not changed. Otherwise a document that is never
--     found would cost a request each time that it is listed, instead of one a week.
--   * with `trust`, files from before legisync whose change signal has not changed.
create or replace function public.legisync_take_listed(
  p_bucket text, p_category text, p_batch jsonb, p_source text, p_documents jsonb, p_cursor jsonb, p_adopt text)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan set statement_timeout = '30s'
as $$
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
$$;
comment on function public.legisync_take_listed is
  'Part of legisync. Takes the documents of a listed page into a batch.';

-- supabase/schemas/batches/queue_objects.sql
-- Inserts a row for each object among `p_paths`, or updates its row (see legisync.take_over_content). The rows of these
-- paths stay locked, in the order of the paths, until the transaction ends.
create or replace function legisync.queue_objects(
  p_bucket text, p_paths text[], out queued integer, out requeued integer, out held_by_other_bucket integer)
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
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
$$;

-- supabase/schemas/batches/settle_batch.sql
-- Ends a batch in the catalogue: records which documents are stored and which failed. Documents that were not reached
-- stay due. `p_known` are the ids that the caller reported as stored, `p_found` those of them whose object exists. A
-- document whose listing changed after it was taken stays due, because an older version may have been collected.
--
-- Returns the ids that the batch does not hold any more and that are still to be collected. They are not changed.
create or replace function legisync.settle_batch(
  p_bucket text, p_category text, p_batch legisync.batch, p_known text[], p_found text[], p_failures jsonb)
returns text[]
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
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
$$;

-- supabase/schemas/batches/settle_failures.sql
-- Records failures of documents that a batch holds. A failed document is tried again after `retrySeconds`, then after
-- twice as long each time, up to `maxSeconds`.
--
-- `unavailable` means that the API does not know the document. That alone proves nothing: it also says so of documents
-- that exist. The document is unavailable while its listing shows it, and withdrawn if its listing does not show it
-- either.
create or replace function legisync.settle_failures(
  p_category text, p_held text[], p_now timestamptz, p_failures jsonb) returns void
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
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
$$;

-- supabase/schemas/batches/settles.sql
-- Whether the batch has settled its document: the document is not superseded, and its listing has not changed since it
-- was taken.
create or replace function legisync.settles(d legisync.documents) returns boolean
language sql immutable
return d.state <> 'superseded' and (d.next_attempt_at is null or d.next_attempt_at <= d.held_since);

-- supabase/schemas/operators/legisync_collection_controls.sql
-- What an operator last set for a collection: {"paused", "lanes"}. Null: nothing was set.
create or replace function public.legisync_collection_controls(p_collection text)
returns json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '20s'
as $$
begin
  perform legisync.check_category('p_collection', p_collection);
  return (
    select json_build_object('paused', paused, 'lanes', lanes) from legisync.controls where collection = p_collection);
end
$$;
comment on function public.legisync_collection_controls is
  'Part of legisync. What an operator last set for a collection.';

-- supabase/schemas/operators/legisync_collection_counts.sql
-- A collection's counts: documents by state, failures by code, unavailable documents by source and code of law, and
-- parked slices, with the first twenty of each. Reads the collection's whole catalogue: about 1 s for a million documents.
create or replace function public.legisync_collection_counts(p_collection text)
returns json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '30s'
as $$
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
$$;
comment on function public.legisync_collection_counts is 'Part of legisync. Counts of a collection.';

-- supabase/schemas/operators/legisync_save_collection_controls.sql
-- Saves what an operator sets for a collection, and returns it.
create or replace function public.legisync_save_collection_controls(
  p_collection text, p_paused boolean, p_lanes integer)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '20s'
as $$
begin
  perform legisync.check_category('p_collection', p_collection);
  perform legisync.check_given('p_paused', p_paused);
  perform legisync.check_bounds('p_lanes', p_lanes, 1, 16);
  insert into legisync.controls (collection, paused, lanes) values (p_collection, p_paused, p_lanes)
    on conflict (collection) do update set paused = excluded.paused, lanes = excluded.lanes, updated_at = now();
  return json_build_object('paused', p_paused, 'lanes', p_lanes);
end
$$;
comment on function public.legisync_save_collection_controls is
  'Part of legisync. Saves what an operator sets for a collection.';

-- supabase/schemas/backfill/backfill_catch_up.sql
-- The phase `catch_up`. It mostly reads, so its chunks are large. If it finds many missing files after all, because the
-- queue was emptied during the run, it writes no more rows than a chunk of the first phase.
create or replace function legisync.backfill_catch_up(r legisync.backfill_runs, p_size integer)
returns legisync.chunk_result
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- supabase/schemas/backfill/backfill_insert.sql
-- Inserts rows for the files after the run's position, up to a path: for those among `p_missing` or, if that is null,
-- for all of the range. `on conflict` skips files that have a row. Hash and size come from the object. Rows are
-- inserted in the order of their paths, as in legisync_enqueue_documents, so that the two cannot deadlock.
create or replace function legisync.backfill_insert(r legisync.backfill_runs, p_upto text, p_missing text[])
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan set enable_sort = off
as $$
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
$$;

-- supabase/schemas/backfill/backfill_json.sql
-- A backfill run as the public functions return it.
create or replace function legisync.backfill_json(r legisync.backfill_runs) returns json
language sql stable
return json_build_object(
  'id', r.id, 'bucket', r.bucket_id, 'kind', r.kind, 'prefix', r.prefix,
  'finished', r.finished, 'before', r.before, 'state', r.state, 'phase', r.phase, 'position', r.position,
  'chunks', r.chunks, 'scanned', r.scanned, 'queued', r.queued, 'caughtUp', r.caught_up, 'sized', r.sized,
  'missing', r.missing, 'inFlight', r.in_flight, 'heldByOtherBucket', r.held_by_other_bucket, 'skipped', r.skipped,
  'startedAt', r.started_at, 'busySeconds', r.busy_seconds,
  'seconds', extract(epoch from r.updated_at - r.started_at));

-- supabase/schemas/backfill/backfill_lock.sql
-- Key of the advisory lock of a bucket's backfill. It lets one transaction at a time change the backfill.
create or replace function legisync.backfill_lock(p_bucket text) returns bigint
language sql immutable
return hashtextextended('legisync.backfill ' || p_bucket, 0);

-- supabase/schemas/backfill/backfill_queue.sql
-- The phase `queue`. It first finds the missing files by comparing the two indexes, then reads only those objects. If
-- most files of the last chunk were missing, it skips the comparison and reads the whole range.
create or replace function legisync.backfill_queue(r legisync.backfill_runs, p_size integer)
returns legisync.chunk_result
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- supabase/schemas/backfill/backfill_sizes.sql
-- The phase `sizes`. Among the next `p_size` rows, those without a size get it from their object. A locked row is
-- skipped: a Worker that updates several rows in one transaction must not deadlock with this run, which is less urgent.
create or replace function legisync.backfill_sizes(r legisync.backfill_runs, p_size integer)
returns legisync.chunk_result
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
set enable_sort = off set enable_nestloop = off
as $$
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
$$;

-- supabase/schemas/backfill/backfill_verify.sql
-- The phase `verify`. Counts what is missing now, by another query than the one that queued. It reads the rows
-- themselves, because it needs their bucket. It has the same plan as legisync.next_missing, for the same reasons.
create or replace function legisync.backfill_verify(r legisync.backfill_runs, p_size integer)
returns legisync.chunk_result
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
set enable_sort = off set enable_nestloop = off
as $$
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
$$;

-- supabase/schemas/backfill/check_backfill_options.sql
-- Raises 22023 if `p_options` of legisync_open_backfill is invalid.
create or replace function legisync.check_backfill_options(p_options jsonb) returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- supabase/schemas/backfill/legisync_backfill_chunk.sql
-- Executes one chunk of a run: the next `p_size` objects in the order of their paths. Rows, figures and position change
-- in one transaction.
--
-- `p_phase` and `p_position` are where the caller expects the run to be. A late or repeated call finds the run
-- elsewhere and changes nothing (`already_done`). A call is answered `busy` while its duplicate still runs, because the
-- database continues after its client has disconnected. `gone`: the run was abandoned or removed.
--
-- Measured with 1.4 million files on two cores: 0.06 s for 100,000 files that all have a row, 1.1 to 1.4 s if none has.
create or replace function public.legisync_backfill_chunk(p_run bigint, p_phase text, p_position text, p_size integer)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '30s'
as $$
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
$$;
comment on function public.legisync_backfill_chunk is 'Part of legisync. Executes one chunk of a backfill.';

-- supabase/schemas/backfill/legisync_count_objects.sql
-- How many objects a bucket holds.
create or replace function public.legisync_count_objects(p_bucket text)
returns json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '20s'
as $$
begin
  perform legisync.check_text('p_bucket', p_bucket, 1, 100);
  return (select to_json(count(*)) from storage.objects where bucket_id = p_bucket);
end
$$;
comment on function public.legisync_count_objects is 'Part of legisync. How many objects a bucket holds.';

-- supabase/schemas/backfill/legisync_last_backfill.sql
-- The last run of a bucket, in any state. Null: there was none.
create or replace function public.legisync_last_backfill(p_bucket text)
returns json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '20s'
as $$
begin
  perform legisync.check_bucket(p_bucket);
  return (
    select legisync.backfill_json(r) from legisync.backfill_runs r where bucket_id = p_bucket order by id desc limit 1);
end
$$;
comment on function public.legisync_last_backfill is 'Part of legisync. The last backfill of a bucket.';

-- supabase/schemas/backfill/legisync_open_backfill.sql
-- Begins a run or resumes the unfinished one. `p_start` is `new`, `resume`, or `restart`, which abandons the unfinished
-- run. The owner of the unfinished run gets it for any `p_start`, so the call can be repeated. If the answer has no
-- `run`, its `refused` says why.
create or replace function public.legisync_open_backfill(p_bucket text, p_owner text, p_start text, p_options jsonb)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '30s'
as $$
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
$$;
comment on function public.legisync_open_backfill is 'Part of legisync. Begins or resumes a backfill of files_queue.';

-- supabase/schemas/backfill/legisync_plan_backfill.sql
-- What a backfill would do; changes nothing. About 4 s for 1.4 million files. `offset 0` makes PostgreSQL read the
-- sizes before the join, which then holds a number for each file instead of Storage's metadata.
create or replace function public.legisync_plan_backfill(p_bucket text, p_prefix text)
returns json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan set statement_timeout = '30s'
set work_mem = '64MB'
as $$
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
$$;
comment on function public.legisync_plan_backfill is 'Part of legisync. What a backfill would do.';

-- supabase/schemas/backfill/move_backfill.sql
-- Records a chunk, and moves its run forward within its phase or to the next phase.
create or replace function legisync.move_backfill(
  r legisync.backfill_runs, v legisync.chunk_result, p_seconds double precision) returns legisync.backfill_runs
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- supabase/schemas/backfill/next_missing.sql
-- The next `p_size` objects after the run's position, and which of them are files without a row (null: none), in the
-- order of their paths.
--
-- Both indexes are read in order and merged. This needs no table and no memory, and stops where the objects stop. Both
-- sides compare paths in the database's default collation. It is named for `file_path`, because that column may have
-- another one. Sorts and nested loops are disabled: after a TRUNCATE or a restore the statistics describe an empty
-- table, and the visibility map is empty too. test/supabase/plans.test.ts shows that both settings are needed.
create or replace function legisync.next_missing(
  r legisync.backfill_runs, p_size integer, out scanned integer, out upto text, out missing text[])
language plpgsql stable
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
set enable_sort = off set enable_nestloop = off
as $$
begin
  select count(*), max(o.name),
         array_agg(o.name order by o.name)
           filter (where f.file_path is null and legisync.is_file(o.name) and starts_with(o.name, r.prefix))
    into scanned, upto, missing
    from (select name from storage.objects
          where bucket_id = r.bucket_id and name > r.position order by name limit p_size) o
    left join public.files_queue f on f.file_path = o.name and f.file_path > r.position collate "default";
end
$$;

-- supabase/schemas/backfill/next_objects.sql
-- The next `p_size` objects of a bucket after a path: how many there are, and the last path.
create or replace function legisync.next_objects(
  p_bucket text, p_after text, p_size integer, out scanned integer, out upto text)
language plpgsql stable
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan set enable_sort = off
as $$
begin
  select count(*), max(o.name) into scanned, upto
    from (select name from storage.objects where bucket_id = p_bucket and name > p_after order by name limit p_size) o;
end
$$;

-- supabase/schemas/backfill/next_paths.sql
-- The next `p_size` paths of the queue after a path, in any bucket: how many there are, and the last one.
create or replace function legisync.next_paths(p_after text, p_size integer, out scanned integer, out upto text)
language plpgsql stable
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan set enable_sort = off
as $$
begin
  select count(*), max(f.file_path collate "default") into scanned, upto
    from (select file_path from public.files_queue where file_path > p_after collate "default"
          order by file_path collate "default" limit p_size) f;
end
$$;

-- supabase/schemas/coherence/all_dangling.sql
-- Rows without a file, in any bucket: marked rows, and others older than the grace time of legisync.settings. The view
-- legisync.dangling shows them. It reads this function for the same reason as legisync.all_missing.
create or replace function legisync.all_dangling()
returns table (
  bucket_id text, file_path text, file_size bigint, status text, row_at timestamptz, dangling_since timestamptz)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select f.bucket_id::text, f.file_path::text, f.file_size::bigint, f.status::text,
           greatest(f.created_at, f.content_at)::timestamptz, f.dangling_since
    from public.files_queue f cross join legisync.settings s
    where not exists (select from legisync.current_objects() o where o.bucket_id = f.bucket_id and o.name = f.file_path)
      and (f.dangling_since is not null
           or legisync.row_written(f.created_at, f.content_at) <= now() - s.grace);
end
$$;

-- supabase/schemas/coherence/all_missing.sql
-- Files without a row, in any bucket, that are not in flight by the grace time of legisync.settings. The view legisync.missing shows
-- them. It reads this function and not files_queue itself, because a view on the table would prevent its team from
-- changing the type of a column.
create or replace function legisync.all_missing()
returns table (bucket_id text, file_path text, file_size bigint, object_at timestamptz)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select o.bucket_id, o.name, legisync.object_size(o.metadata), coalesce(o.updated_at, o.created_at)
    from legisync.current_objects() o cross join legisync.settings s
    where legisync.is_file(o.name)
      and not exists (select from public.files_queue f where f.file_path = o.name)
      and (legisync.object_written(o.created_at, o.updated_at) <= now() - s.grace
           or not legisync.may_be_in_flight(o.name));
end
$$;

-- supabase/schemas/coherence/all_stale.sql
-- Rows with older content than their file (see legisync.is_stale), in any bucket. The view legisync.stale shows them.
-- It reads this function for the same reason as legisync.all_missing.
create or replace function legisync.all_stale()
returns table (
  bucket_id text, file_path text, file_size bigint, status text, object_at timestamptz, row_at timestamptz)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- supabase/schemas/coherence/cheap_reading.sql
-- Takes a cheap reading: counts and sizes only, 0.5 to 0.8 s with 1.4 million files.
create or replace function legisync.cheap_reading(p_bucket text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
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
$$;

-- supabase/schemas/coherence/check_repair.sql
-- Checks the parameters that both repairs share.
create or replace function legisync.check_repair(
  p_bucket text, p_grace_seconds integer, p_after text, p_size integer, p_dry_run boolean) returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  perform legisync.check_bucket(p_bucket);
  perform legisync.check_bounds('p_grace_seconds', p_grace_seconds, 0, 86400);
  perform legisync.check_text('p_after', p_after, 0, 1024);
  perform legisync.check_bounds('p_size', p_size, 1, 100000);
  perform legisync.check_given('p_dry_run', p_dry_run);
end
$$;

-- supabase/schemas/coherence/compare.sql
-- Compares Storage and the queue in one query, and counts by category and by difference.
--
-- One hash join of both tables. Each side first extracts what it needs from its rows: `offset 0` keeps the planner from
-- carrying Storage's metadata through the join. The size is read without legisync.object_size, which would read the
-- metadata twice. Sorting is disabled: the planner expects a group for each row, and would sort all rows on disk for
-- the join or the counts (8 s instead of 5). 64 MB hold half of 1.4 million rows; the other half is written to disk,
-- which takes a tenth of the time. `parallel_tuple_cost = 0` lets several processes read: otherwise the planner expects
-- a high cost for each row that a process returns, and uses only one.
create or replace function legisync.compare(p_bucket text, p_grace interval)
returns table (
  category text,
  -- Object without a row: `missing`, `in flight`, `placeholder`. Row without an object: `dangling`, `row in flight`,
  -- `elsewhere` (the row is of another bucket or has no path). Both: `pair`, `held` (the row is of another bucket),
  -- `noted` (the object is a placeholder).
  class text,
  -- About a row: it is of this bucket; it is marked as dangling; it has no size.
  ours boolean, marked boolean, unsized boolean,
  -- About a pair: it is stale; its sizes differ.
  stale boolean, resized boolean,
  n bigint, object_bytes numeric, row_bytes numeric)
language plpgsql stable
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
set work_mem = '64MB' set enable_sort = off set parallel_tuple_cost = 0
as $$
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
$$;

-- supabase/schemas/coherence/count_and_size.sql
-- A count and a size, with the size also in a readable form.
create or replace function legisync.count_and_size(p_count numeric, p_bytes numeric) returns json
language sql immutable
return json_build_object('count', coalesce(p_count, 0), 'bytes', coalesce(p_bytes, 0),
                         'size', pg_size_pretty(coalesce(p_bytes, 0)));

-- supabase/schemas/coherence/find_dangling.sql
-- Among the rows after one path up to another: those to mark or to hide (`gone`), and the marked rows whose file is
-- back (`back`). The inner `offset 0` keeps the planner from joining, so that it probes the index of storage.objects
-- for each row. The outer one makes it probe once per row.
create or replace function legisync.find_dangling(
  p_bucket text, p_after text, p_upto text, p_before timestamptz, out gone text[], out back text[])
language plpgsql stable
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
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
$$;

-- supabase/schemas/coherence/find_stale.sql
-- The stale rows and the rows with a wrong size, after one path up to another, in the order of their paths.
create or replace function legisync.find_stale(p_bucket text, p_after text, p_upto text, p_grace interval)
returns text[]
language plpgsql stable
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
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
$$;

-- supabase/schemas/coherence/full_reading.sql
-- Takes a full reading of one moment: about 5 s with 1.4 million files. Lists the fifty largest categories by name, and
-- the others as one.
create or replace function legisync.full_reading(p_bucket text, p_grace interval) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
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
$$;

-- supabase/schemas/coherence/is_stale.sql
-- Whether a row has older content than its object, and no update is under way. An object younger than the grace time
-- may still be in the process of being queued, and a row marked `requeue` is already known.
create or replace function legisync.is_stale(
  p_object_sha256 text, p_row_sha256 text, p_object_written timestamptz, p_row_created timestamptz,
  p_row_content_at timestamptz, p_requeue boolean, p_grace interval) returns boolean
language sql stable parallel safe
return legisync.content_is_newer(
    p_object_sha256, p_row_sha256, p_object_written, p_row_created, p_row_content_at, p_grace)
   and not p_requeue
   and p_object_written <= now() - p_grace;

-- supabase/schemas/coherence/legisync_insertion_rate.sql
-- Rows inserted in the last ten minutes, by minute, newest first. There is no index for this: one scan, 0.2 s with 1.4
-- million rows.
create or replace function public.legisync_insertion_rate()
returns json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '20s'
as $$
begin
  return (
    select coalesce(json_agg(json_build_object('minute', m.minute, 'filesInserted', m.n, 'buckets', m.buckets)
                             order by m.minute desc), '[]')
    from (
      select date_trunc('minute', created_at)::timestamptz as minute, count(*) as n,
             string_agg(distinct bucket_id, ', ') as buckets
      from public.files_queue where created_at > now() - interval '10 minutes' group by 1) m);
end
$$;
comment on function public.legisync_insertion_rate is
  'Part of legisync. Rows inserted in the last ten minutes, by minute.';

-- supabase/schemas/coherence/legisync_list_differences.sql
-- The first rows or files that differ, by path, as in the views legisync.missing, legisync.dangling and legisync.stale.
-- `p_kind` is `missing`, `dangling` or `stale`. Measured with 1.4 million files: 1 s for the first two if few differ,
-- almost nothing if many do; 4 s for `stale`, which compares content and so reads both tables.
create or replace function public.legisync_list_differences(
  p_bucket text, p_kind text, p_grace_seconds integer, p_limit integer)
returns json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '30s'
as $$
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
$$;
comment on function public.legisync_list_differences is 'Part of legisync. The first differences of a kind, by path.';

-- supabase/schemas/coherence/legisync_measure_coherence.sql
-- Takes a reading, stores it in legisync.coherence_checks and returns it. `p_kind` is `cheap` or `full`.
create or replace function public.legisync_measure_coherence(p_bucket text, p_kind text, p_grace_seconds integer)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '30s'
as $$
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
$$;
comment on function public.legisync_measure_coherence is 'Part of legisync. Compares Storage and files_queue.';

-- supabase/schemas/coherence/legisync_repair_dangling.sql
-- Repairs dangling rows: one chunk, the next `p_size` paths. Deletes nothing.
--   * Dangling rows that are older than the grace time are marked.
--   * Marked rows that are pending get a status that no Worker polls, if the table has one. This includes rows that
--     became pending after they were marked.
--   * Rows whose file is back lose their mark. Those with that status are pending again; a finished row stays finished.
--
-- `next` in the answer is the `p_after` of the next call; null: that was the last chunk. A dry run only counts.
create or replace function public.legisync_repair_dangling(
  p_bucket text, p_grace_seconds integer, p_after text, p_size integer, p_dry_run boolean)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '30s'
as $$
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
$$;
comment on function public.legisync_repair_dangling is 'Part of legisync. Marks rows whose file is gone.';

-- supabase/schemas/coherence/legisync_repair_stale.sql
-- Repairs stale rows: one chunk, the next `p_size` paths. Each stale row is brought up to date with its object (see
-- legisync.take_over_content). If only the size of a row is wrong, the row gets the right one and is not queued again.
-- `next` and the dry run: as in legisync_repair_dangling.
create or replace function public.legisync_repair_stale(
  p_bucket text, p_grace_seconds integer, p_after text, p_size integer, p_dry_run boolean)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '30s'
as $$
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
$$;
comment on function public.legisync_repair_stale is 'Part of legisync. Brings stale rows up to date with their files.';

-- supabase/schemas/coherence/list_dangling.sql
-- The first rows without a file, by path. Works as legisync.list_missing does.
create or replace function legisync.list_dangling(p_bucket text, p_grace interval, p_limit integer) returns json
language plpgsql stable
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
set enable_sort = off set enable_nestloop = off
as $$
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
$$;

-- supabase/schemas/coherence/list_missing.sql
-- The first files without a row, by path. A merge of two indexes returns the paths one by one, and each is looked up
-- until there are enough.
create or replace function legisync.list_missing(p_bucket text, p_grace interval, p_limit integer) returns json
language plpgsql stable
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
set enable_sort = off set enable_nestloop = off
as $$
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
$$;

-- supabase/schemas/coherence/list_stale.sql
-- The first stale rows, by path. Content is compared, so both tables are read.
create or replace function legisync.list_stale(p_bucket text, p_grace interval, p_limit integer) returns json
language plpgsql stable
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
set work_mem = '64MB' set enable_mergejoin = off set enable_nestloop = off
as $$
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
$$;

-- supabase/schemas/coherence/mark_dangling.sql
-- Marks rows whose file is gone, and gives the pending ones a status that no Worker polls. The caller holds the row
-- locks. The conditions are checked again here, under the locks.
create or replace function legisync.mark_dangling(
  p_bucket text, p_paths text[], p_before timestamptz, out marked integer, out hidden integer)
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
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
$$;

-- supabase/schemas/coherence/may_be_in_flight.sql
-- Whether a young file without a row may still be queued by its batch. It may not if the catalogue knows its document
-- and no batch holds it: then nothing is going to write the row. A file that the catalogue does not know may be queued
-- by the program that uploaded it.
create or replace function legisync.may_be_in_flight(p_name text) returns boolean
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return not exists (
    select from legisync.documents d
    where d.category = split_part(p_name, '/', 2)
      and d.id = split_part(split_part(p_name, '/', 3), '.', 1)
      and p_name = legisync.document_path(d.category, d.id)
      and (d.held_until is null or d.held_until <= now()));
end
$$;

-- supabase/schemas/coherence/oldest_pending.sql
-- When the oldest row that a Worker may take was inserted. Two probes of files_queue_claimable. Null: there is none.
create or replace function legisync.oldest_pending() returns timestamptz
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return least(
    (select created_at from public.files_queue
      where status = 'pending' and not backfilled and processed is not true and dangling_since is null
      order by created_at limit 1),
    (select created_at from public.files_queue
      where status = 'pending' and backfilled and processed is not true and dangling_since is null
      order by created_at limit 1));
end
$$;

-- supabase/schemas/coherence/size_of_bucket.sql
-- The number of objects of a bucket and their total size, with placeholders, as in the team's own query. PL/pgSQL lets
-- PostgreSQL use several processes for `return query`, but not for `select … into`, and functions in SQL never do.
-- Raises 22P02 if a size is not a number.
create or replace function legisync.size_of_bucket(p_bucket text) returns table (n bigint, bytes numeric)
language plpgsql stable
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
begin
  return query
    select count(*), sum((metadata ->> 'size')::bigint) from legisync.current_objects() where bucket_id = p_bucket;
end
$$;

-- supabase/schemas/coherence/views/dangling.sql
-- Rows without a file, in any bucket, for people in the SQL editor. See legisync.all_dangling.
create or replace view legisync.dangling with (security_invoker = true) as
  select * from legisync.all_dangling();

-- supabase/schemas/coherence/views/missing.sql
-- Files without a row, in any bucket, for people in the SQL editor. See legisync.all_missing.
create or replace view legisync.missing with (security_invoker = true) as
  select * from legisync.all_missing();

-- supabase/schemas/coherence/views/stale.sql
-- Rows with older content than their file, in any bucket, for people in the SQL editor. See legisync.all_stale.
create or replace view legisync.stale with (security_invoker = true) as
  select * from legisync.all_stale();

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

-- Claims: how Workers may take files from the queue, with a lease, instead of polling the table.
--
-- What is known of a claim lives beside the queue, not in it: `files_queue` says that a Worker is at the file, in the word
-- that Workers of before use, so that those who poll leave it alone. Only what was claimed here ever comes back: a row
-- that somebody else put in work has no claim.
--
-- Locks. Whoever changes a claim holds the lock of its queue row. Claiming passes over rows that are locked; the other
-- functions wait for them in the order of their paths, as enqueue_documents does. So nobody waits in a circle. The one
-- exception is take_back_claims, which holds claims first: it waits for nobody, and one runs at a time.

alter table legisync.settings add column if not exists claim_attempts integer not null default 5
  check (claim_attempts between 1 and 100);

create table if not exists legisync.claims (
  file_path text primary key,
  -- `held`: a Worker has it. `waiting`: it failed, and is out of reach until its next try. `returned`: it is pending
  -- again; the claim stays for its attempts. `completed`, `failed`: over; it stays so that a call that is repeated can be
  -- told so, and for who asks why.
  state text not null check (state in ('held', 'waiting', 'returned', 'completed', 'failed')),
  -- What the holder must show. It stays when the holder itself ends the claim; a lease that ends takes it away.
  token uuid,
  worker text not null,
  -- The attempt that this is, or was the last, at the content of this hash.
  attempts integer not null,
  content_sha256 text,
  error text,
  claimed_at timestamptz not null,
  -- `held`: the end of the lease. `waiting`: the next try. Else: when the claim is forgotten.
  until timestamptz not null
);
create index if not exists claims_until on legisync.claims (until);
revoke all on legisync.claims from public, anon, authenticated, service_role;

-- The settings, with a word for each thing that a claim can become. Asked before anything is handed out: a Worker should
-- not do its work first, and then learn that it cannot say so.
create or replace function legisync.claim_settings() returns legisync.settings
language plpgsql stable
set search_path = ''
as $$
declare
  s legisync.settings;
  v_meaning text;
  v_words text[];
  v_setting text;
begin
  select * into strict s from legisync.settings;
  select w.meaning, w.words, w.setting into v_meaning, v_words, v_setting
    from (values (s.word_in_work, 'a Worker holds it', s.status_in_work, 'LEGISYNC_STATUS_IN_WORK'),
                 (s.word_done, 'done', s.status_done, 'LEGISYNC_STATUS_DONE'),
                 (s.word_failed, 'given up', s.status_failed, 'LEGISYNC_STATUS_FAILED')) as w (word, meaning, words, setting)
    where w.word is null
    limit 1;
  if found then
    raise exception 'public.files_queue.status takes none of the words that mean "%" (%). Set % to one that it takes, '
      'or let its type or check take one of these; then run `legisync migrate`.',
      v_meaning, array_to_string(v_words, ', '), v_setting;
  end if;
  return s;
end
$$;

-- Gives queue rows another status. The word is a literal, so that it fits whatever type the column has.
create or replace function legisync.set_status(p_paths text[], p_word text) returns void
language plpgsql
set search_path = ''
as $$
begin
  execute format('update public.files_queue set status = %L where file_path = any ($1)', p_word) using p_paths;
end
$$;

-- Locks the queue rows of these paths, and returns those paths that the token holds and whose row still says so: who
-- changed the row by hand has taken it out of the Worker's.
create or replace function legisync.lock_held(s legisync.settings, p_token uuid, p_paths text[]) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_held text[];
begin
  if p_token is null then
    raise exception 'p_token is null: it must be the token that claim_files answered.'
      using errcode = 'invalid_parameter_value';
  end if;
  perform legisync.check_bounds('The number of p_paths', cardinality(p_paths), 0, 1000);
  perform from public.files_queue f where f.file_path = any (p_paths) order by f.file_path for update;
  select array_agg(f.file_path) into v_held
    from public.files_queue f join legisync.claims c on c.file_path = f.file_path
    where f.file_path = any (p_paths) and c.token = p_token and c.state = 'held' and f.status::text = s.word_in_work;
  return coalesce(v_held, '{}');
end
$$;

-- Those of the paths that this token itself has brought to one of these states before: its call is repeated.
create or replace function legisync.ended_before(p_token uuid, p_paths text[], p_states text[]) returns text[]
language sql stable
set search_path = ''
as $$
  select coalesce(array_agg(c.file_path), '{}') from legisync.claims c
  where c.file_path = any (p_paths) and c.token = p_token and c.state = any (p_states)
$$;

-- The paths that are in none of the known ones, once each.
create or replace function legisync.refused(p_paths text[], p_known text[]) returns json
language sql immutable
set search_path = ''
as $$
  select coalesce(json_agg(path order by path), '[]') from (select distinct unnest(p_paths)) as p (path)
  where path is null or not path = any (p_known)
$$;

-- How long a claim that is over is remembered. Completed: long enough for a call whose answer was lost to be repeated.
-- Returned: its attempts count on; a file that nobody claims for a week begins anew. Failed: for who looks for the reason.
create or replace function legisync.forget_after(p_state text) returns interval
language sql immutable
set search_path = ''
as $$ select case p_state when 'completed' then '10 minutes' when 'returned' then '7 days' else '30 days' end::interval $$;

-- Ends what is over by now: leases, waits before another try, and the memory of claims. A thousand at a time, which is as
-- many as one call can claim, so that it keeps up.
create or replace function legisync.take_back_claims(s legisync.settings) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_over text[];
  v_open text[];
  v_locked text[];
  v_spent text[];
  v_again text[];
begin
  if not pg_try_advisory_xact_lock(('x' || left(md5('legisync.claims'), 16))::bit(64)::bigint) then
    return;
  end if;
  select array_agg(c.file_path), array_agg(c.file_path) filter (where c.state in ('held', 'waiting'))
    into v_over, v_open
    from (select file_path, state from legisync.claims where until <= v_now order by until limit 1000
          for update skip locked) c;
  if v_over is null then
    return;
  end if;
  select coalesce(array_agg(f.file_path), '{}') into v_locked
    from (select file_path from public.files_queue where file_path = any (v_open) for update skip locked) f;
  select coalesce(array_agg(c.file_path) filter (where c.state = 'held' and c.attempts >= s.claim_attempts), '{}'),
         coalesce(array_agg(c.file_path) filter (where c.state <> 'held' or c.attempts < s.claim_attempts), '{}')
    into v_spent, v_again
    from legisync.claims c join public.files_queue f on f.file_path = c.file_path
    where c.file_path = any (v_locked) and f.status::text = s.word_in_work;

  perform legisync.set_status(v_spent, s.word_failed);
  perform legisync.set_status(v_again, 'pending');
  update legisync.claims c set
      state = e.state,
      token = null,
      until = v_now + legisync.forget_after(e.state),
      error = case when c.state = 'held' then format('The lease of %s ended without a word from it.', c.worker) else c.error end
    from (select unnest(v_spent), 'failed' union all select unnest(v_again), 'returned') as e (file_path, state)
    where c.file_path = e.file_path;

  -- What is to be forgotten, and claims of rows that are gone or that somebody changed by hand.
  delete from legisync.claims c
    where c.file_path = any (v_over) and not c.file_path = any (v_spent || v_again)
      and (c.state not in ('held', 'waiting') or c.file_path = any (v_locked)
           or not exists (select from public.files_queue f where f.file_path = c.file_path));
end
$$;

-- Hands out up to `p_batch` (1 to 1000) pending files to one Worker, for `p_lease_seconds` (1 to 86400): documents that
-- were collected before those that a backfill queued, the oldest first. What others hold locked is passed over.
--
-- Attempts are counted for one content: they begin anew when it changes, when the file was completed, and when a row that
-- was given up is made pending again.
--
-- `limit` is written into the query, and sorting is off: planned for any limit, the query might sort the whole table.
-- Measured with 1.4 million pending rows on two cores: 4 ms for 100 files, 24 ms for 1000, the first call after another
-- 100,000 were completed 10 ms; past 100,000 rows that others hold locked 92 ms. 1000 leases to take back add 40 ms, 1000
-- claims to forget 4 ms.
create or replace function public.claim_files(p_worker text, p_batch integer, p_lease_seconds integer)
returns json
language plpgsql security definer
set search_path = '' set statement_timeout = '30s' set enable_seqscan = off set enable_sort = off
as $$
declare
  s legisync.settings := legisync.claim_settings();
  v_token uuid := gen_random_uuid();
  v_now timestamptz;
  v_until timestamptz;
  v_files json;
begin
  perform legisync.check_bounds('The length of p_worker', length(p_worker), 1, 200);
  perform legisync.check_bounds('p_batch', p_batch, 1, 1000);
  perform legisync.check_bounds('p_lease_seconds', p_lease_seconds, 1, 86400);
  perform legisync.take_back_claims(s);

  v_now := clock_timestamp();
  v_until := v_now + make_interval(secs => p_lease_seconds);
  execute format('
    with picked as materialized (
      select f.file_path, row_number() over () as place from (
        select file_path from public.files_queue
        where status = ''pending'' and processed is not true and dangling_since is null and file_path is not null
        order by backfilled, created_at limit %s for update skip locked) f
    ), taken as (
      update public.files_queue f set status = %L
      from picked p where f.file_path = p.file_path
      returning p.place, f.file_path, f.bucket_id, f.file_size, f.content_sha256
    ), claimed as (
      insert into legisync.claims as c (file_path, state, token, worker, attempts, content_sha256, claimed_at, until)
        select file_path, ''held'', $1, $2, 1, content_sha256, $3, $4 from taken
        on conflict (file_path) do update set
          state = excluded.state, token = excluded.token, worker = excluded.worker,
          attempts = case when c.state = ''returned'' and c.content_sha256 is not distinct from excluded.content_sha256
                          then c.attempts + 1 else 1 end,
          content_sha256 = excluded.content_sha256, claimed_at = excluded.claimed_at, until = excluded.until
        returning c.file_path, c.attempts
    )
    select json_agg(json_build_object(
        ''filePath'', t.file_path, ''bucketId'', t.bucket_id, ''fileSize'', t.file_size,
        ''contentSha256'', t.content_sha256, ''attempt'', c.attempts) order by t.place)
      from taken t join claimed c on c.file_path = t.file_path', p_batch, s.word_in_work)
    into v_files using v_token, p_worker, v_now, v_until;

  return json_build_object('token', v_token, 'leaseUntil', v_until, 'files', coalesce(v_files, '[]'));
end
$$;

-- The files are done. A lease that has ended is still good as long as nobody took the file back. In the answer, each path
-- is in one of: `completed`, a number; `pendingAgain`, done as well, but the content changed meanwhile, so that the file is
-- to be worked once more; `alreadyCompleted`, a number, by an earlier call with this token (remembered for ten minutes);
-- `refused`, which the token does not hold, or holds no more.
create or replace function public.complete_files(p_token uuid, p_paths text[])
returns json
language plpgsql security definer
set search_path = '' set statement_timeout = '30s'
as $$
declare
  s legisync.settings := legisync.claim_settings();
  v_held text[] := legisync.lock_held(s, p_token, p_paths);
  v_before text[] := legisync.ended_before(p_token, p_paths, '{completed}');
  v_again text[];
begin
  execute format('
    with done as (
      update public.files_queue set status = %L, processed = true where file_path = any ($1)
      returning file_path, status::text as status)
    select coalesce(array_agg(file_path order by file_path) filter (where status = ''pending''), ''{}'') from done',
    s.word_done) into v_again using v_held;
  update legisync.claims set
      state = 'completed', error = null, until = clock_timestamp() + legisync.forget_after('completed')
    where file_path = any (v_held);
  return json_build_object(
    'completed', cardinality(v_held) - cardinality(v_again),
    'pendingAgain', to_json(v_again),
    'alreadyCompleted', cardinality(v_before),
    'refused', legisync.refused(p_paths, v_held || v_before));
end
$$;

-- The files could not be worked. Each is pending again in `p_retry_seconds` (0 to 86400), or is given up when it was its
-- last attempt. Content that changed meanwhile is not made to wait for what befell the old one. In the answer: `retried`,
-- a number; `failed`, the paths that are given up; `alreadyEnded`, a number, and `refused`, as of complete_files.
create or replace function public.fail_files(
  p_token uuid, p_paths text[], p_error text, p_retry_seconds integer default 0)
returns json
language plpgsql security definer
set search_path = '' set statement_timeout = '30s'
as $$
declare
  s legisync.settings := legisync.claim_settings();
  v_held text[];
  v_before text[];
  v_spent text[];
  v_now_pending text[];
  v_failed text[];
  v_now timestamptz := clock_timestamp();
begin
  perform legisync.check_bounds('p_retry_seconds', p_retry_seconds, 0, 86400);
  v_held := legisync.lock_held(s, p_token, p_paths);
  v_before := legisync.ended_before(p_token, p_paths, '{waiting,returned,failed}');
  select coalesce(array_agg(c.file_path) filter (where not f.requeue and c.attempts >= s.claim_attempts), '{}'),
         coalesce(array_agg(c.file_path) filter (
           where f.requeue or (c.attempts < s.claim_attempts and p_retry_seconds = 0)), '{}')
    into v_spent, v_now_pending
    from legisync.claims c join public.files_queue f on f.file_path = c.file_path
    where c.file_path = any (v_held);

  perform legisync.set_status(v_spent, s.word_failed);
  perform legisync.set_status(v_now_pending, 'pending');
  with ended as (
    update legisync.claims c set
        state = e.state,
        until = v_now + case e.state when 'waiting' then make_interval(secs => p_retry_seconds)
                                     else legisync.forget_after(e.state) end,
        error = left(p_error, 500)
      from (select h.path, case when h.path = any (v_spent) then 'failed'
                                when h.path = any (v_now_pending) then 'returned'
                                else 'waiting' end
            from unnest(v_held) as h (path)) as e (file_path, state)
      where c.file_path = e.file_path
      returning c.file_path, c.state)
  select coalesce(array_agg(file_path order by file_path) filter (where state = 'failed'), '{}') into v_failed from ended;
  return json_build_object(
    'retried', cardinality(v_held) - cardinality(v_failed),
    'failed', to_json(v_failed),
    'alreadyEnded', cardinality(v_before),
    'refused', legisync.refused(p_paths, v_held || v_before));
end
$$;

-- Gives files back that were not begun: pending at once, and no attempt counted. In the answer: `released`, a number;
-- `alreadyEnded` and `refused`, as of fail_files.
create or replace function public.release_files(p_token uuid, p_paths text[])
returns json
language plpgsql security definer
set search_path = '' set statement_timeout = '30s'
as $$
declare
  s legisync.settings := legisync.claim_settings();
  v_held text[] := legisync.lock_held(s, p_token, p_paths);
  v_before text[] := legisync.ended_before(p_token, p_paths, '{waiting,returned,failed}');
begin
  perform legisync.set_status(v_held, 'pending');
  update legisync.claims set
      state = 'returned', attempts = attempts - 1, until = clock_timestamp() + legisync.forget_after('returned')
    where file_path = any (v_held);
  return json_build_object(
    'released', cardinality(v_held),
    'alreadyEnded', cardinality(v_before),
    'refused', legisync.refused(p_paths, v_held || v_before));
end
$$;

-- Gives the lease of these files another `p_lease_seconds` (1 to 86400) from now. A path that is `refused` is not this
-- Worker's any more: it should stop working on it.
create or replace function public.extend_files(p_token uuid, p_paths text[], p_lease_seconds integer)
returns json
language plpgsql security definer
set search_path = '' set statement_timeout = '30s'
as $$
declare
  s legisync.settings := legisync.claim_settings();
  v_held text[];
  v_until timestamptz;
begin
  perform legisync.check_bounds('p_lease_seconds', p_lease_seconds, 1, 86400);
  v_held := legisync.lock_held(s, p_token, p_paths);
  v_until := clock_timestamp() + make_interval(secs => p_lease_seconds);
  update legisync.claims set until = v_until where file_path = any (v_held);
  return json_build_object(
    'extended', cardinality(v_held),
    'leaseUntil', v_until,
    'refused', legisync.refused(p_paths, v_held));
end
$$;

revoke execute on function legisync.claim_settings() from public, anon, authenticated, service_role;
revoke execute on function legisync.set_status(text[], text) from public, anon, authenticated, service_role;
revoke execute on function legisync.lock_held(legisync.settings, uuid, text[]) from public, anon, authenticated, service_role;
revoke execute on function legisync.ended_before(uuid, text[], text[]) from public, anon, authenticated, service_role;
revoke execute on function legisync.refused(text[], text[]) from public, anon, authenticated, service_role;
revoke execute on function legisync.forget_after(text) from public, anon, authenticated, service_role;
revoke execute on function legisync.take_back_claims(legisync.settings) from public, anon, authenticated, service_role;
call legisync.reserve_for_service(array[
  'public.claim_files(text, integer, integer)',
  'public.complete_files(uuid, text[])',
  'public.fail_files(uuid, text[], text, integer)',
  'public.release_files(uuid, text[])',
  'public.extend_files(uuid, text[], integer)']);

-- PostgREST keeps functions and their settings in a cache.
notify pgrst, 'reload schema';

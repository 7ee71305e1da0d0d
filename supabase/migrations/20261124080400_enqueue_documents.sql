-- When a document that failed is tried again: after `p_seconds` the first time, twice as long each time, a day at most.
create or replace function legisync.retry_at(p_seconds double precision, p_attempts integer) returns timestamptz
language sql volatile
set search_path = ''
as $$
  -- 2^17 seconds are more than a day: the exponent is cut before it can overflow.
  select clock_timestamp() + make_interval(secs => least(p_seconds * power(2, least(p_attempts, 17)), 86400))
$$;
revoke execute on function legisync.retry_at(double precision, integer) from public, anon, authenticated, service_role;

-- Takes back the mark of rows whose file was gone and is there again: `legisync repair dangling` had set it, and given the
-- pending ones a status that nobody polls. A row that was finished stays so; its `updated_at` stays as well, by which it can
-- be told that the file which came back is newer (see legisync.is_stale). Rows are locked by whoever calls, or are not many.
create or replace function legisync.take_back_marks(p_bucket text, p_paths text[]) returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_rows integer;
begin
  update public.files_queue f set
      dangling_since = null,
      status = case when f.status::text = (select word_dangling from legisync.settings) then 'pending' else f.status end
    where f.file_path = any (p_paths) and f.bucket_id = p_bucket and f.dangling_since is not null
      and exists (select from storage.objects o where o.bucket_id = f.bucket_id and o.name = f.file_path);
  get diagnostics v_rows = row_count;
  return v_rows;
end
$$;
revoke execute on function legisync.take_back_marks(text, text[]) from public, anon, authenticated, service_role;

-- The end of a batch: queue rows and catalogue states, in one transaction.
--
-- "Object, then row": the function takes ids, never sizes or hashes. It reads those from storage.objects itself, so a
-- row cannot point at a file that is not there, and cannot say something else than the object does. An id without an
-- object is returned as missing, and has failed: it is due again in a minute, then two, four and so on, since whatever
-- removed the object may do so each time. Returned as missing is also an id that the catalogue, which checks their
-- grammar, does not know.
--
-- A row that is there already is decided by its own hash:
--   * the object's hash: nothing happens;
--   * none: the row is of before. Where the object is newer than the row, its content is news; else it is adopted. A
--     row without a date counts as older. `created_at` decides: an `updated_at` of before may be a Worker's own;
--   * of another version of the projection: re-baselined, not news;
--   * another one: news.
-- News to a finished row turn it back to pending; any other row is marked `requeue` (see legisync.keep_requeue).
--
-- A late twin is harmless: it takes the row locks first, and reads the objects after that, so that it can only repeat
-- what is true now. In the catalogue it finds nothing to do, as the first call has ended the batch's claims. Rows are
-- locked in the order of their paths, so that two batches cannot deadlock.
create or replace function public.enqueue_documents(
  p_bucket text, p_category text, p_owner text, p_chain text, p_sequence integer,
  p_stored text[], p_failures jsonb)
returns json
language plpgsql security definer
set search_path = '' set statement_timeout = '30s'
as $$
declare
  v_ids text[];
  v_paths text[];
  v_queued integer;
  v_requeued integer;
  v_held integer;
  v_found text[];
  s legisync.settings;
begin
  select * into s from legisync.settings;
  select coalesce(array_agg(d.id), '{}'), coalesce(array_agg(legisync.document_path(d.category, d.id)), '{}')
    into v_ids, v_paths
    from legisync.documents d where d.category = p_category and d.id = any (p_stored);

  insert into public.files_queue (file_path, bucket_id, file_size, status, processed, content_sha256, updated_at)
    select o.name, o.bucket_id, legisync.object_size(o.metadata), 'pending', false, o.user_metadata ->> 'sha256', clock_timestamp()
    from storage.objects o where o.bucket_id = p_bucket and o.name = any (v_paths)
    order by o.name
    on conflict (file_path) do nothing;
  get diagnostics v_queued = row_count;

  perform from public.files_queue f where f.file_path = any (v_paths) order by f.file_path for update;

  perform legisync.take_back_marks(p_bucket, v_paths);

  with known as (
    select f.file_path, legisync.object_size(o.metadata) as size, o.user_metadata ->> 'sha256' as sha256,
           coalesce(f.processed, false) or f.status::text = any (s.status_done) as finished,
           case when f.content_sha256 is null then o.updated_at > coalesce(f.created_at, f.updated_at, '-infinity')
                else split_part(f.content_sha256, ':', 1) = split_part(o.user_metadata ->> 'sha256', ':', 1) end as news
    from public.files_queue f
    join storage.objects o on o.bucket_id = f.bucket_id and o.name = f.file_path
    where f.file_path = any (v_paths) and f.bucket_id = p_bucket
      and o.user_metadata ->> 'sha256' is not null
      and f.content_sha256 is distinct from o.user_metadata ->> 'sha256'
  ), changed as (
    update public.files_queue f set
      content_sha256 = k.sha256,
      file_size = k.size,
      updated_at = clock_timestamp(),
      status = case when k.news and k.finished then 'pending' else f.status end,
      processed = case when k.news and k.finished then false else f.processed end,
      requeue = case when k.news then not k.finished else f.requeue end,
      backfilled = f.backfilled and not k.news
    from known k where f.file_path = k.file_path
    returning k.news
  )
  select count(*) filter (where news) into v_requeued from changed;

  select count(*) into v_held from public.files_queue f where f.file_path = any (v_paths) and f.bucket_id is distinct from p_bucket;

  -- The catalogue: what is stored, and what failed. What the batch did not reach stays due. Its claims end here. A
  -- document whose listing moved after it was claimed stays due as well: what was collected may be what it was before.
  perform from legisync.documents d
    where d.category = p_category
      and d.taken_by = p_owner and d.taken_chain = p_chain and d.taken_sequence = p_sequence
    order by d.id for update;

  select coalesce(array_agg(i.id), '{}') into v_found
    from unnest(v_ids) as i (id)
    join storage.objects o on o.bucket_id = p_bucket and o.name = legisync.document_path(p_category, i.id);

  update legisync.documents d set
      state = case when d.state = 'superseded' or d.next_attempt_at > d.taken_at then d.state else 'stored' end,
      content_sha256 = o.user_metadata ->> 'sha256',
      stored_at = case when d.state = 'superseded' or d.next_attempt_at > d.taken_at then d.stored_at else clock_timestamp() end,
      attempts = 0, code = null, message = null,
      next_attempt_at = case when d.next_attempt_at > d.taken_at then d.next_attempt_at end
    from storage.objects o
    where d.category = p_category and d.id = any (v_found)
      and o.bucket_id = p_bucket and o.name = legisync.document_path(p_category, d.id)
      and d.taken_by = p_owner and d.taken_chain = p_chain and d.taken_sequence = p_sequence;

  -- A document that is not found twice, an hour apart, is withdrawn; other failures wait twice as long each time.
  update legisync.documents d set
    state = case when d.code = x.code and x."withdrawSecond" then 'withdrawn' else 'failed' end,
    attempts = d.attempts + 1,
    code = x.code,
    message = left(x.message, 500),
    next_attempt_at = case
      when d.next_attempt_at > d.taken_at then d.next_attempt_at
      when d.code = x.code and x."withdrawSecond" then null
      else legisync.retry_at(x."retrySeconds", d.attempts) end
    from jsonb_to_recordset(p_failures)
      as x (id text, code text, message text, "retrySeconds" double precision, "withdrawSecond" boolean)
    where d.category = p_category and d.id = x.id and d.state <> 'superseded'
      and d.taken_by = p_owner and d.taken_chain = p_chain and d.taken_sequence = p_sequence;

  update legisync.documents d set
    state = 'failed', attempts = d.attempts + 1, code = 'OBJECT_MISSING',
    message = 'The object is not in the bucket, although it was uploaded, or was there before.',
    next_attempt_at = case when d.next_attempt_at > d.taken_at then d.next_attempt_at else legisync.retry_at(60, d.attempts) end
    where d.category = p_category and d.id = any (v_ids) and not d.id = any (v_found) and d.state <> 'superseded'
      and d.taken_by = p_owner and d.taken_chain = p_chain and d.taken_sequence = p_sequence;

  update legisync.documents d set taken_by = null, taken_chain = null, taken_sequence = null, taken_at = null
    where d.category = p_category
      and d.taken_by = p_owner and d.taken_chain = p_chain and d.taken_sequence = p_sequence;

  return json_build_object(
    'queued', v_queued,
    'requeued', v_requeued,
    -- A row may be new and, when its object changed in that very moment, requeued as well.
    'unchanged', greatest(cardinality(v_found) - v_queued - v_requeued - v_held, 0),
    'heldByOtherBucket', v_held,
    'missing', (select coalesce(json_agg(id), '[]') from unnest(p_stored) id where not id = any (v_found)));
end
$$;
call legisync.reserve_for_service(array['public.enqueue_documents(text, text, text, text, integer, text[], jsonb)']);

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

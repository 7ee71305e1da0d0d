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

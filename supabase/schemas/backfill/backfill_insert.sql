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

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

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

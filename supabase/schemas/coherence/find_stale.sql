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

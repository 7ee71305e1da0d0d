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

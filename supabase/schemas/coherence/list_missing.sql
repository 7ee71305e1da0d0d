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

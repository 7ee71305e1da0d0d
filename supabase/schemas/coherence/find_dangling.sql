-- Among the rows after one path up to another: those to mark or to hide (`gone`), and the marked rows whose file is
-- back (`back`). The inner `offset 0` keeps the planner from joining, so that it probes the index of storage.objects
-- for each row. The outer one makes it probe once per row.
create or replace function legisync.find_dangling(
  p_bucket text, p_after text, p_upto text, p_before timestamptz, out gone text[], out back text[])
language plpgsql stable
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
begin
  select coalesce(array_agg(path order by path)
                    filter (where not is_there and case when is_marked then is_exposed
                                                        else written <= p_before end), '{}'),
         coalesce(array_agg(path order by path) filter (where is_there and is_marked), '{}')
    into gone, back
    from (
      select f.file_path as path, f.dangling_since is not null as is_marked,
             f.status = 'pending' and s.write_dangling is not null as is_exposed,
             legisync.row_written(f.created_at, f.content_at) as written,
             exists (
               select from legisync.current_objects() o
               where o.bucket_id = p_bucket and o.name = f.file_path offset 0) as is_there
      from public.files_queue f cross join legisync.settings s
      where f.bucket_id = p_bucket
        and f.file_path > p_after collate "default" and f.file_path <= p_upto collate "default"
      offset 0) r;
end
$$;

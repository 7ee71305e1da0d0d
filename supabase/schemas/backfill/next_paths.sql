-- The next `p_size` paths of the queue after a path, in any bucket: how many there are, and the last one.
create or replace function legisync.next_paths(p_after text, p_size integer, out scanned integer, out upto text)
language plpgsql stable
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan set enable_sort = off
as $$
begin
  select count(*), max(f.file_path collate "default") into scanned, upto
    from (select file_path from public.files_queue where file_path > p_after collate "default"
          order by file_path collate "default" limit p_size) f;
end
$$;

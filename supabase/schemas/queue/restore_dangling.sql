-- Clears the mark of dangling rows whose file exists again. `legisync repair dangling` has set the mark, and has given
-- pending rows a status that no Worker polls. These rows are pending again; a finished row stays finished. `content_at`
-- stays too, because it shows whether the restored file is newer. The caller holds the row locks, or there are few
-- rows.
create or replace function legisync.restore_dangling(p_bucket text, p_paths text[]) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
declare
  v_rows integer;
begin
  update public.files_queue f set
      dangling_since = null,
      status = case when f.status::text = s.write_dangling then 'pending' else f.status end
    from legisync.settings s
    where f.file_path = any (p_paths) and f.bucket_id = p_bucket and f.dangling_since is not null
      and exists (select from legisync.current_objects() o where o.bucket_id = f.bucket_id and o.name = f.file_path);
  get diagnostics v_rows = row_count;
  return v_rows;
end
$$;

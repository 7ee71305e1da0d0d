-- The phase `sizes`. Among the next `p_size` rows, those without a size get it from their object. A locked row is
-- skipped: a Worker that updates several rows in one transaction must not deadlock with this run, which is less urgent.
create or replace function legisync.backfill_sizes(r legisync.backfill_runs, p_size integer)
returns legisync.chunk_result
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
set enable_sort = off set enable_nestloop = off
as $$
declare
  v legisync.chunk_result;
begin
  select scanned, upto into v.scanned, v.upto from legisync.next_paths(r.position, p_size);
  with unsized as (
    select f.file_path, legisync.object_size(o.metadata) as size
    from public.files_queue f join legisync.current_objects() o on o.bucket_id = f.bucket_id and o.name = f.file_path
    where f.bucket_id = r.bucket_id and f.file_size is null
      and o.bucket_id = r.bucket_id and o.name > r.position and o.name <= v.upto
      and f.file_path > r.position collate "default" and f.file_path <= v.upto collate "default"
      and starts_with(f.file_path, r.prefix) and legisync.object_size(o.metadata) is not null
    order by f.file_path
    for update of f skip locked
  )
  update public.files_queue f set file_size = u.size from unsized u
    where f.file_path = u.file_path
      and f.file_path > r.position collate "default" and f.file_path <= v.upto collate "default";
  get diagnostics v.changed = row_count;
  v.more := v.scanned = p_size;
  return v;
end
$$;

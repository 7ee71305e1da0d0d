-- The phase `sizes`: sizes for the next `p_step` rows that have none, from the object. A row that somebody has locked is
-- passed over: a Worker that has several rows in one transaction must not deadlock with a run that only tidies up.
create or replace function legisync.backfill_sizes(r legisync.backfill_runs, p_step integer) returns legisync.backfill_step
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
set enable_sort = off set enable_nestloop = off
as $$
declare
  v legisync.backfill_step;
begin
  select scanned, upto into v.scanned, v.upto from legisync.next_paths(r.position, p_step);
  with unsized as (
    select f.file_path, legisync.object_size(o.metadata) as size
    from public.files_queue f join storage.objects o on o.bucket_id = f.bucket_id and o.name = f.file_path
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
  v.more := v.scanned = p_step;
  return v;
end
$$;

-- The phase `verify`. Counts what is missing now, by another query than the one that queued. It reads the rows
-- themselves, because it needs their bucket. It has the same plan as legisync.next_missing, for the same reasons.
create or replace function legisync.backfill_verify(r legisync.backfill_runs, p_size integer)
returns legisync.chunk_result
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
set enable_sort = off set enable_nestloop = off
as $$
declare
  v legisync.chunk_result;
  v_missing text[];
begin
  select count(*), max(o.name),
         array_agg(o.name order by o.name)
           filter (where f.file_path is null and legisync.is_file(o.name) and starts_with(o.name, r.prefix)),
         count(*) filter (where f.file_path is not null and f.bucket_id is distinct from r.bucket_id
                            and legisync.is_file(o.name) and starts_with(o.name, r.prefix)),
         count(*) filter (where not legisync.is_file(o.name) and starts_with(o.name, r.prefix))
    into v.scanned, v.upto, v_missing, v.held, v.skipped
    from (select name from storage.objects
          where bucket_id = r.bucket_id and name > r.position order by name limit p_size) o
    left join public.files_queue f on f.file_path = o.name and f.file_path > r.position collate "default";
  select count(*) filter (where not o.in_flight), count(*) filter (where o.in_flight)
    into v.missing, v.in_flight
    from (select legisync.object_written(created_at, updated_at) > now() - r.grace
                   and legisync.may_be_in_flight(name) as in_flight
          from legisync.current_objects() where bucket_id = r.bucket_id and name = any (v_missing)) o;
  v.changed := 0;
  v.more := v.scanned = p_size;
  return v;
end
$$;

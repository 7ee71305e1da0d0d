-- The next `p_size` objects after the run's position, and which of them are files without a row (null: none), in the
-- order of their paths.
--
-- Both indexes are read in order and merged. This needs no table and no memory, and stops where the objects stop. Both
-- sides compare paths in the database's default collation. It is named for `file_path`, because that column may have
-- another one. Sorts and nested loops are disabled: after a TRUNCATE or a restore the statistics describe an empty
-- table, and the visibility map is empty too. test/supabase/plans.test.ts shows that both settings are needed.
create or replace function legisync.next_missing(
  r legisync.backfill_runs, p_size integer, out scanned integer, out upto text, out missing text[])
language plpgsql stable
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
set enable_sort = off set enable_nestloop = off
as $$
begin
  select count(*), max(o.name),
         array_agg(o.name order by o.name)
           filter (where f.file_path is null and legisync.is_file(o.name) and starts_with(o.name, r.prefix))
    into scanned, upto, missing
    from (select name from storage.objects
          where bucket_id = r.bucket_id and name > r.position order by name limit p_size) o
    left join public.files_queue f on f.file_path = o.name and f.file_path > r.position collate "default";
end
$$;

-- The next `p_size` objects of a bucket after a path: how many there are, and the last path.
create or replace function legisync.next_objects(
  p_bucket text, p_after text, p_size integer, out scanned integer, out upto text)
language plpgsql stable
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan set enable_sort = off
as $$
begin
  select count(*), max(o.name) into scanned, upto
    from (select name from storage.objects where bucket_id = p_bucket and name > p_after order by name limit p_size) o;
end
$$;

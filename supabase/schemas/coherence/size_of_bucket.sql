-- The number of objects of a bucket and their total size, with placeholders, as in the team's own query. PL/pgSQL lets
-- PostgreSQL use several processes for `return query`, but not for `select … into`, and functions in SQL never do.
-- Raises 22P02 if a size is not a number.
create or replace function legisync.size_of_bucket(p_bucket text) returns table (n bigint, bytes numeric)
language plpgsql stable
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
begin
  return query
    select count(*), sum((metadata ->> 'size')::bigint) from legisync.current_objects() where bucket_id = p_bucket;
end
$$;

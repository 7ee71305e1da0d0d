-- The current objects of Storage. Newer versions of Storage prepare the versioning of objects with two columns: a
-- delete marker is no file, and an archived version is not the current one. Older versions do not have the columns. The
-- two names then mean the constants of `absent`, because PostgreSQL looks a name up in the inner query first.
--
-- PostgreSQL expands this function in the query that calls it, and looks the names up at that time. So the plans are
-- those of a query on storage.objects, and an upgrade of Storage needs no new migration. An attribute such as
-- `set search_path` would prevent the expansion. It is not needed here: every name is qualified or a column.
create or replace function legisync.current_objects() returns setof storage.objects
language sql stable
as $$
  select o.*
  from (values (false, null::pg_catalog.timestamptz)) as absent (is_delete_marker, archived_at)
  cross join lateral (
    select * from storage.objects where is_delete_marker is not true and archived_at is null) o
$$;

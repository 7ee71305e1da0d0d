-- Files without a row, in any bucket, that are not in flight by the grace time of legisync.settings. The view legisync.missing shows
-- them. It reads this function and not files_queue itself, because a view on the table would prevent its team from
-- changing the type of a column.
create or replace function legisync.all_missing()
returns table (bucket_id text, file_path text, file_size bigint, object_at timestamptz)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select o.bucket_id, o.name, legisync.object_size(o.metadata), coalesce(o.updated_at, o.created_at)
    from legisync.current_objects() o cross join legisync.settings s
    where legisync.is_file(o.name)
      and not exists (select from public.files_queue f where f.file_path = o.name)
      and (legisync.object_written(o.created_at, o.updated_at) <= now() - s.grace
           or not legisync.may_be_in_flight(o.name));
end
$$;

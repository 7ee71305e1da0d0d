-- Rows with older content than their file (see legisync.is_stale), in any bucket. The view legisync.stale shows them.
-- It reads this function for the same reason as legisync.all_missing.
create or replace function legisync.all_stale()
returns table (
  bucket_id text, file_path text, file_size bigint, status text, object_at timestamptz, row_at timestamptz)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select f.bucket_id::text, f.file_path::text, legisync.object_size(o.metadata), f.status::text,
           coalesce(o.updated_at, o.created_at), greatest(f.created_at, f.content_at)::timestamptz
    from legisync.current_objects() o
    join public.files_queue f on f.file_path = o.name and f.bucket_id = o.bucket_id
    cross join legisync.settings s
    where legisync.is_file(o.name)
      and legisync.is_stale(
        o.user_metadata ->> 'sha256', f.content_sha256, legisync.object_written(o.created_at, o.updated_at),
        f.created_at, f.content_at, f.requeue, s.grace);
end
$$;

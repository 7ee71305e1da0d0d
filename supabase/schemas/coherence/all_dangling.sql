-- Rows without a file, in any bucket: marked rows, and others older than the grace time of legisync.settings. The view
-- legisync.dangling shows them. It reads this function for the same reason as legisync.all_missing.
create or replace function legisync.all_dangling()
returns table (
  bucket_id text, file_path text, file_size bigint, status text, row_at timestamptz, dangling_since timestamptz)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select f.bucket_id::text, f.file_path::text, f.file_size::bigint, f.status::text,
           greatest(f.created_at, f.content_at)::timestamptz, f.dangling_since
    from public.files_queue f cross join legisync.settings s
    where not exists (select from legisync.current_objects() o where o.bucket_id = f.bucket_id and o.name = f.file_path)
      and (f.dangling_since is not null
           or legisync.row_written(f.created_at, f.content_at) <= now() - s.grace);
end
$$;

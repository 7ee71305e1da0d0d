-- The rows among `p_paths` whose hash or size differs from their object's, and how: `newer` (see
-- legisync.content_is_newer), `adopt` (the row takes the object's hash, but the content is not new), `resize` (the size
-- differs).
create or replace function legisync.content_differences(p_bucket text, p_paths text[], p_grace interval)
returns table (
  file_path text, sha256 text, size bigint, written timestamptz,
  finished boolean, newer boolean, adopt boolean, resize boolean)
language plpgsql stable
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
begin
  return query
  select d.file_path::text, d.sha256, d.size, d.written, d.finished, d.newer, not d.newer and d.adoptable, d.resize
    from (
      select f.file_path,
             o.user_metadata ->> 'sha256' as sha256,
             legisync.object_size(o.metadata) as size,
             legisync.object_written(o.created_at, o.updated_at) as written,
             legisync.is_finished(f.processed, f.status::text, s.status_done) as finished,
             legisync.content_is_newer(
               o.user_metadata ->> 'sha256', f.content_sha256, legisync.object_written(o.created_at, o.updated_at),
               f.created_at, f.content_at, p_grace) as newer,
             coalesce(f.content_sha256 <> o.user_metadata ->> 'sha256',
                      f.content_sha256 is null and o.user_metadata ->> 'sha256' is not null) as adoptable,
             coalesce(f.file_size <> legisync.object_size(o.metadata), false) as resize
        from public.files_queue f
        join legisync.current_objects() o on o.bucket_id = f.bucket_id and o.name = f.file_path
        cross join legisync.settings s
        where f.file_path = any (p_paths) and f.bucket_id = p_bucket) d
    where d.newer or d.adoptable or d.resize;
end
$$;

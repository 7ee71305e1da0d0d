-- Compares Storage and the queue in one query, and counts by category and by difference.
--
-- One hash join of both tables. Each side first extracts what it needs from its rows: `offset 0` keeps the planner from
-- carrying Storage's metadata through the join. The size is read without legisync.object_size, which would read the
-- metadata twice. Sorting is disabled: the planner expects a group for each row, and would sort all rows on disk for
-- the join or the counts (8 s instead of 5). 64 MB hold half of 1.4 million rows; the other half is written to disk,
-- which takes a tenth of the time. `parallel_tuple_cost = 0` lets several processes read: otherwise the planner expects
-- a high cost for each row that a process returns, and uses only one.
create or replace function legisync.compare(p_bucket text, p_grace interval)
returns table (
  category text,
  -- Object without a row: `missing`, `in flight`, `placeholder`. Row without an object: `dangling`, `row in flight`,
  -- `elsewhere` (the row is of another bucket or has no path). Both: `pair`, `held` (the row is of another bucket),
  -- `noted` (the object is a placeholder).
  class text,
  -- About a row: it is of this bucket; it is marked as dangling; it has no size.
  ours boolean, marked boolean, unsized boolean,
  -- About a pair: it is stale; its sizes differ.
  stale boolean, resized boolean,
  n bigint, object_bytes numeric, row_bytes numeric)
language plpgsql stable
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
set work_mem = '64MB' set enable_sort = off set parallel_tuple_cost = 0
as $$
begin
  return query
    select c.category, c.class, c.ours, c.marked, c.unsized, c.stale, c.resized,
           count(*), sum(c.object_size)::numeric, sum(c.row_size)::numeric
    from (
      select
        case when coalesce(o.name, f.path) like 'legifrance/%/%' then split_part(coalesce(o.name, f.path), '/', 2)
             else '' end as category,
        case
          when f.ours is null then case when not o.is_file then 'placeholder'
                                        when o.written > now() - p_grace and legisync.may_be_in_flight(o.name)
                                          then 'in flight' else 'missing' end
          when o.name is null then case when not f.ours or f.path is null then 'elsewhere'
                                        when legisync.row_written(f.created_at, f.content_at) > now() - p_grace
                                             and not f.marked then 'row in flight'
                                        else 'dangling' end
          when not o.is_file then 'noted'
          when not f.ours then 'held'
          else 'pair' end as class,
        f.ours, f.marked, f.size is null as unsized,
        f.ours and o.is_file
          and legisync.is_stale(o.sha256, f.sha256, o.written, f.created_at, f.content_at, f.requeue, p_grace) is true
          as stale,
        f.ours and o.is_file and o.size <> f.size as resized,
        o.size as object_size, f.size as row_size
      from (
        select name, legisync.is_file(name) as is_file, sha256, written,
               case when length(size) between 1 and 18 and ltrim(size, '0123456789') = '' then size::bigint end as size
        from (
          select name, user_metadata ->> 'sha256' as sha256, legisync.object_written(created_at, updated_at) as written,
                 metadata ->> 'size' as size
          from legisync.current_objects() where bucket_id = p_bucket offset 0) taken
        offset 0) o
      full join (
        select file_path as path, bucket_id is not distinct from p_bucket as ours, file_size as size,
               content_sha256 as sha256, created_at, content_at, requeue,
               dangling_since is not null as marked
        from public.files_queue offset 0) f on f.path = o.name
    ) c
    group by 1, 2, 3, 4, 5, 6, 7;
end
$$;

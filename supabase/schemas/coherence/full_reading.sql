-- Takes a full reading of one moment: about 5 s with 1.4 million files. Lists the fifty largest categories by name, and
-- the others as one.
create or replace function legisync.full_reading(p_bucket text, p_grace interval) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
  with c as materialized (
    select case when legisync.is_category(category) then category else '(other)' end as category,
           class, ours, marked, unsized, stale, resized, n, object_bytes, row_bytes
    from legisync.compare(p_bucket, p_grace)
  ), sized as (
    select category, row_number() over (order by sum(n) desc, category) as place from c group by category
  ),
  categories as (
    select case when s.place <= 50 then c.category else '(the rest)' end as category, min(s.place) as place,
           sum(n) filter (where class not in ('dangling', 'row in flight', 'elsewhere')) as objects,
           sum(n) filter (where ours) as rows,
           sum(n) filter (where class = 'missing') as missing,
           sum(n) filter (where class = 'in flight') as in_flight,
           sum(n) filter (where class = 'dangling') as dangling,
           sum(n) filter (where stale) as stale,
           sum(n) filter (where resized) as resized
    from c join sized s using (category) group by 1
  )
  select jsonb_build_object(
    'kind', 'full',
    'storage',
      legisync.count_and_size(
        sum(n) filter (where class not in ('dangling', 'row in flight', 'elsewhere')), sum(object_bytes)),
    'queue', legisync.count_and_size(sum(n) filter (where ours is not null), sum(row_bytes)),
    'oldestPending', legisync.oldest_pending(),
    'files', coalesce(sum(n) filter (where class in ('missing', 'in flight', 'pair', 'held')), 0),
    'placeholders', coalesce(sum(n) filter (where class in ('placeholder', 'noted')), 0),
    'rows', coalesce(sum(n) filter (where ours), 0),
    'rowsOfOtherBuckets', coalesce(sum(n) filter (where not ours), 0),
    'missing', coalesce(sum(n) filter (where class = 'missing'), 0),
    'inFlight', coalesce(sum(n) filter (where class = 'in flight'), 0),
    'placeholdersWithoutRow', coalesce(sum(n) filter (where class = 'placeholder'), 0),
    'heldByOtherBucket', coalesce(sum(n) filter (where class = 'held'), 0),
    'dangling', coalesce(sum(n) filter (where class = 'dangling'), 0),
    'danglingMarked', coalesce(sum(n) filter (where class = 'dangling' and marked), 0),
    'rowsInFlight', coalesce(sum(n) filter (where class = 'row in flight'), 0),
    'markedButBack', coalesce(sum(n) filter (where class in ('pair', 'noted') and ours and marked), 0),
    'stale', coalesce(sum(n) filter (where stale), 0),
    'sizeMismatches', coalesce(sum(n) filter (where resized), 0),
    'rowsWithoutSize', coalesce(sum(n) filter (where ours and unsized), 0),
    -- Rows whose new content waits for a Worker to finish the old one, by the Worker's status.
    'requeued', (
      select jsonb_build_object('count', coalesce(sum(q.n), 0), 'since', min(q.since),
                                'statuses', coalesce(jsonb_object_agg(q.status, q.n), '{}'))
      from (select coalesce(status::text, '') as status, count(*) as n, min(content_at) as since
            from public.files_queue where requeue and bucket_id = p_bucket
            group by 1 order by n desc, 1 limit 20) q),
    'categories', (select coalesce(jsonb_agg(jsonb_build_object(
        'category', category, 'objects', coalesce(objects, 0), 'rows', coalesce(rows, 0),
        'missing', coalesce(missing, 0), 'inFlight', coalesce(in_flight, 0), 'dangling', coalesce(dangling, 0),
        'stale', coalesce(stale, 0), 'sizeMismatches', coalesce(resized, 0)) order by place), '[]') from categories))
  from c);
end
$$;

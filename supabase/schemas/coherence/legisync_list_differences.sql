-- The first rows or files that differ, by path, as in the views legisync.missing, legisync.dangling and legisync.stale.
-- `p_kind` is `missing`, `dangling` or `stale`. Measured with 1.4 million files: 1 s for the first two if few differ,
-- almost nothing if many do; 4 s for `stale`, which compares content and so reads both tables.
create or replace function public.legisync_list_differences(
  p_bucket text, p_kind text, p_grace_seconds integer, p_limit integer)
returns json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '30s'
as $$
declare
  v_grace interval;
begin
  perform legisync.check_bucket(p_bucket);
  perform legisync.check_choice('p_kind', p_kind, 'missing', 'dangling', 'stale');
  perform legisync.check_bounds('p_grace_seconds', p_grace_seconds, 0, 86400);
  perform legisync.check_bounds('p_limit', p_limit, 1, 1000);
  v_grace := make_interval(secs => p_grace_seconds);
  return case p_kind
    when 'missing' then legisync.list_missing(p_bucket, v_grace, p_limit)
    when 'dangling' then legisync.list_dangling(p_bucket, v_grace, p_limit)
    else legisync.list_stale(p_bucket, v_grace, p_limit) end;
end
$$;
comment on function public.legisync_list_differences is 'Part of legisync. The first differences of a kind, by path.';

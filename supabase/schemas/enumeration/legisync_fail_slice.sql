-- Records a failure of a slice, which is due again in `p_retry_seconds`. Answers `lost` if another batch holds the
-- slice, or if this failure is already recorded.
create or replace function public.legisync_fail_slice(
  p_slice bigint, p_batch jsonb, p_attempts integer, p_code text, p_message text, p_retry_seconds double precision)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '20s'
as $$
begin
  perform legisync.check_bounds('p_retry_seconds', p_retry_seconds::numeric, 0, 31536000);
  return json_build_object('outcome', case
    when legisync.record_slice_failure(
      p_slice, p_batch, p_attempts, p_code, p_message, make_interval(secs => p_retry_seconds)) then 'open'
    else 'lost' end);
end
$$;
comment on function public.legisync_fail_slice is
  'Part of legisync. Records a failure of a slice that will be retried.';

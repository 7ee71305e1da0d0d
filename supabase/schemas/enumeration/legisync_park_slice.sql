-- Records a permanent failure of a slice: it is parked until the next pass. Answers `lost` in the same cases as
-- legisync_fail_slice.
create or replace function public.legisync_park_slice(
  p_slice bigint, p_batch jsonb, p_attempts integer, p_code text, p_message text)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '20s'
as $$
begin
  return json_build_object('outcome', case when legisync.record_slice_failure(
    p_slice, p_batch, p_attempts, p_code, p_message, null) then 'parked' else 'lost' end);
end
$$;
comment on function public.legisync_park_slice is 'Part of legisync. Parks a slice until the next pass.';

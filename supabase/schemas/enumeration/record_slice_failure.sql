-- Records a failure of a slice and releases it. The slice is due again after `p_delay`; without a delay it is parked.
-- `p_attempts` is the number of failures that the caller knew of, so a repeated call finds one more and changes
-- nothing. Returns whether the failure was recorded.
create or replace function legisync.record_slice_failure(
  p_slice bigint, p_batch jsonb, p_attempts integer, p_code text, p_message text, p_delay interval) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v legisync.slices := legisync.lock_slice(p_slice, p_batch);
begin
  perform legisync.check_bounds('p_attempts', p_attempts, 0, 2147483647);
  perform legisync.check_text('p_code', p_code, 1, 100);
  perform legisync.check_text('p_message', p_message, 0, 1000000);
  update legisync.slices set
      attempts = attempts + 1, code = p_code, message = left(p_message, 500),
      state = case when p_delay is null then 'parked' else 'open' end,
      next_attempt_at = clock_timestamp() + coalesce(p_delay, interval '0'),
      holder = null, held_since = null, held_until = null
    where id = v.id and attempts = p_attempts;
  return found;
end
$$;

-- The settings. Raises an exception if the status column accepts no value for one of a claim's outcomes. Checked before
-- files are handed out: a Worker must not do its work first and then be unable to record it.
create or replace function legisync.claim_settings() returns legisync.settings
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  s legisync.settings;
  v_missing record;
begin
  select * into strict s from legisync.settings;
  select w.meaning, w.candidates, w.setting into v_missing
    from (values (s.write_in_progress, 'in progress', s.status_in_progress, 'LEGISYNC_STATUS_IN_PROGRESS'),
                 (s.write_done, 'done', s.status_done, 'LEGISYNC_STATUS_DONE'),
                 (s.write_failed, 'given up', s.status_failed, 'LEGISYNC_STATUS_FAILED'))
      as w (value, meaning, candidates, setting)
    where w.value is null
    limit 1;
  if found then
    raise exception 'public.files_queue.status accepts none of the values that mean "%" (%). Set % to a value that it '
      'accepts, or change its type or check to accept one of these. Then run `legisync migrate`.',
      v_missing.meaning, array_to_string(v_missing.candidates, ', '), v_missing.setting;
  end if;
  return s;
end
$$;

-- The settings, with a value for each thing that a claim can become. Asked before anything is handed out: a Worker should
-- not do its work first, and then learn that it cannot record it.
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
    from (values (s.write_in_progress, 'a Worker has it', s.status_in_progress, 'LEGISYNC_STATUS_IN_PROGRESS'),
                 (s.write_done, 'done', s.status_done, 'LEGISYNC_STATUS_DONE'),
                 (s.write_failed, 'given up', s.status_failed, 'LEGISYNC_STATUS_FAILED'))
      as w (value, meaning, candidates, setting)
    where w.value is null
    limit 1;
  if found then
    raise exception 'public.files_queue.status accepts none of the values that mean "%" (%). Set % to one that it accepts, '
      'or let its type or check accept one of these; then run `legisync migrate`.',
      v_missing.meaning, array_to_string(v_missing.candidates, ', '), v_missing.setting;
  end if;
  return s;
end
$$;

-- Records a chunk, and moves its run forward within its phase or to the next phase.
create or replace function legisync.move_backfill(
  r legisync.backfill_runs, v legisync.chunk_result, p_seconds double precision) returns legisync.backfill_runs
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_phase text := r.phase;
begin
  if v.more then
    r.position := v.upto;
  else
    r.position := '';
    r.phase := case r.phase when 'queue' then 'catch_up' when 'catch_up' then 'verify' else 'end' end;
  end if;
  insert into legisync.backfill_chunks (run, number, phase, position, scanned, changed, seconds)
    values (r.id, r.chunks + 1, r.phase, r.position, v.scanned, v.changed, p_seconds);
  update legisync.backfill_runs set
      phase = r.phase,
      position = r.position,
      state = case r.phase when 'end' then 'completed' else 'running' end,
      chunks = chunks + 1,
      scanned = scanned + case when v_phase in ('queue', 'sizes') then v.scanned else 0 end,
      queued = queued + case when v_phase in ('queue', 'catch_up') then v.changed else 0 end,
      caught_up = caught_up + case when v_phase = 'catch_up' then v.changed else 0 end,
      sized = sized + case when v_phase = 'sizes' then v.changed else 0 end,
      missing = missing + coalesce(v.missing, 0),
      in_flight = in_flight + coalesce(v.in_flight, 0),
      held_by_other_bucket = held_by_other_bucket + coalesce(v.held, 0),
      skipped = skipped + coalesce(v.skipped, 0),
      busy_seconds = busy_seconds + p_seconds,
      updated_at = clock_timestamp()
    where id = r.id
    returning * into r;
  return r;
end
$$;

-- Converts the caller's batch, {"workflow", "run", "sequence"}. Raises 22023 if a field is missing or empty.
create or replace function legisync.to_batch(p_batch jsonb) returns legisync.batch
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_sequence numeric;
begin
  perform legisync.check_text('p_batch.workflow', p_batch ->> 'workflow', 1, 1000);
  perform legisync.check_text('p_batch.run', p_batch ->> 'run', 1, 1000);
  if jsonb_typeof(p_batch -> 'sequence') = 'number' then
    v_sequence := (p_batch -> 'sequence')::numeric;
  end if;
  perform legisync.check_bounds('p_batch.sequence', v_sequence, 0, 2147483647);
  return (p_batch ->> 'workflow', p_batch ->> 'run', v_sequence)::legisync.batch;
end
$$;

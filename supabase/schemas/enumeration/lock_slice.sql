-- Locks a slice and returns it if the slice is open and this batch holds it. Otherwise every column is null. Checks the
-- parameters that all slice functions share.
create or replace function legisync.lock_slice(p_slice bigint, p_batch jsonb) returns legisync.slices
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_batch legisync.batch := legisync.to_batch(p_batch);
  v legisync.slices;
begin
  perform legisync.check_bounds('p_slice', p_slice, 1, 9223372036854775807);
  select * into v from legisync.slices where id = p_slice for update;
  if v.state = 'open' and v.holder = v_batch then
    return v;
  end if;
  return null;
end
$$;

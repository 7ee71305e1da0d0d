-- The phase `catch_up`. It mostly reads, so it takes large steps. If much is missing after all (somebody emptied the queue
-- while the run was in progress), it writes no more than a chunk of the first phase does.
create or replace function legisync.backfill_catch_up(r legisync.backfill_runs, p_step integer) returns legisync.backfill_step
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v legisync.backfill_step;
  v_missing text[];
begin
  v.changed := 0;
  select scanned, upto, missing into v.scanned, v.upto, v_missing from legisync.next_missing(r, p_step);
  v.more := v.scanned = p_step;
  if cardinality(v_missing) > 100000 then
    v_missing := v_missing[1:100000];
    v.upto := v_missing[100000];
    v.more := true;
  end if;
  if v_missing is not null then
    v.changed := legisync.backfill_insert(r, v.upto, v_missing);
  end if;
  return v;
end
$$;

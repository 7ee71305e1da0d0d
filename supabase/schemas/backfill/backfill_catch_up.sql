-- The phase `catch_up`. It mostly reads, so its chunks are large. If it finds many missing files after all, because the
-- queue was emptied during the run, it writes no more rows than a chunk of the first phase.
create or replace function legisync.backfill_catch_up(r legisync.backfill_runs, p_size integer)
returns legisync.chunk_result
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v legisync.chunk_result;
  v_missing text[];
begin
  v.changed := 0;
  select scanned, upto, missing into v.scanned, v.upto, v_missing from legisync.next_missing(r, p_size);
  v.more := v.scanned = p_size;
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

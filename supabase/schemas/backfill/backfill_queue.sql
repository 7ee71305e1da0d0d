-- The phase `queue`. Asks both indexes which files are missing, and then reads only those. Where most were missing in the
-- last chunk, it does not ask: it reads the whole range.
create or replace function legisync.backfill_queue(r legisync.backfill_runs, p_step integer) returns legisync.backfill_step
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v legisync.backfill_step;
  v_missing text[];
begin
  v.changed := 0;
  if (select changed > scanned / 2 from legisync.backfill_chunks where run = r.id and number = r.chunks) then
    select scanned, upto into v.scanned, v.upto from legisync.next_objects(r.bucket_id, r.position, p_step);
    v.changed := legisync.backfill_insert(r, v.upto, null);
  else
    select scanned, upto, missing into v.scanned, v.upto, v_missing from legisync.next_missing(r, p_step);
    if v_missing is not null then
      v.changed := legisync.backfill_insert(
        r, v.upto, case when cardinality(v_missing) <= v.scanned / 2 then v_missing end);
    end if;
  end if;
  v.more := v.scanned = p_step;
  return v;
end
$$;

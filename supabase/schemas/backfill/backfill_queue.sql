-- The phase `queue`. It first finds the missing files by comparing the two indexes, then reads only those objects. If
-- most files of the last chunk were missing, it skips the comparison and reads the whole range.
create or replace function legisync.backfill_queue(r legisync.backfill_runs, p_size integer)
returns legisync.chunk_result
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v legisync.chunk_result;
  v_missing text[];
begin
  v.changed := 0;
  if (select changed > scanned / 2 from legisync.backfill_chunks where run = r.id and number = r.chunks) then
    select scanned, upto into v.scanned, v.upto from legisync.next_objects(r.bucket_id, r.position, p_size);
    v.changed := legisync.backfill_insert(r, v.upto, null);
  else
    select scanned, upto, missing into v.scanned, v.upto, v_missing from legisync.next_missing(r, p_size);
    if v_missing is not null then
      v.changed := legisync.backfill_insert(
        r, v.upto, case when cardinality(v_missing) <= v.scanned / 2 then v_missing end);
    end if;
  end if;
  v.more := v.scanned = p_size;
  return v;
end
$$;

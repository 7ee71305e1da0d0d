-- What one chunk of a backfill did.
do $$
begin
  if to_regtype('legisync.backfill_step') is null then
    create type legisync.backfill_step as (
      scanned integer, -- objects looked at (rows, in the phase `sizes`)
      upto text,       -- the last of their paths; null if there were none
      changed bigint,  -- rows written
      more boolean,    -- the phase goes on after `upto`
      missing bigint,  -- counted by the phase `verify`, as are the next three
      in_flight bigint,
      held bigint,
      skipped bigint
    );
  end if;
end
$$;

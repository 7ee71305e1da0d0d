-- What one chunk of a backfill did.
do $$
begin
  if to_regtype('legisync.chunk_result') is null then
    create type legisync.chunk_result as (
      scanned integer, -- objects read; in the phase `sizes`, rows
      upto text,       -- the last path read; null if there was none
      changed bigint,  -- rows written
      more boolean,    -- the phase continues after `upto`
      missing bigint,  -- this and the next three: counted by the phase `verify`
      in_flight bigint,
      held bigint,
      skipped bigint
    );
  end if;
end
$$;

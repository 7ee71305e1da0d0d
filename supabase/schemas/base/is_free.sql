-- Whether a batch may take over what is leased to `p_holder`: nobody holds it, the lease has ended, or the holder is
-- another run of the same workflow. Such a run is over (it was reset, terminated or lost): a workflow has one run at a
-- time.
create or replace function legisync.is_free(
  p_holder legisync.batch, p_held_until timestamptz, p_batch legisync.batch, p_now timestamptz) returns boolean
language sql immutable parallel safe
return p_held_until is null
    or p_held_until <= p_now
    or ((p_holder).workflow = (p_batch).workflow and (p_holder).run <> (p_batch).run);

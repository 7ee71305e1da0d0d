-- Whether a batch may take over a lease: it is not held, it has ended, or its holder is an earlier run of the same
-- workflow. A workflow has one run at a time, so the earlier run is over (it was reset, terminated or lost).
create or replace function legisync.is_free(
  p_holder legisync.batch, p_held_until timestamptz, p_batch legisync.batch, p_now timestamptz) returns boolean
language sql immutable parallel safe
return p_held_until is null
    or p_held_until <= p_now
    or ((p_holder).workflow = (p_batch).workflow and (p_holder).run <> (p_batch).run);

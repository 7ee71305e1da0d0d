-- Ends claims that are held: they are in `p_state` from now on, and forgotten after their time, or, for `waiting`, due after
-- `p_wait`. A null error leaves the last one.
create or replace function legisync.end_claims(
  p_paths text[], p_state text, p_error text default null, p_wait interval default null) returns void
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
begin
  update legisync.claims set
      state = p_state,
      held_until = null,
      due_at = clock_timestamp() + coalesce(p_wait, legisync.forget_after(p_state)),
      error = coalesce(left(p_error, 500), error)
    where file_path = any (p_paths);
end
$$;

-- Ends claims that are held. Their new state is `p_state`. A `waiting` claim is due after `p_wait`; the others are
-- removed after the time in legisync.forget_after. A null `p_error` keeps the last error.
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

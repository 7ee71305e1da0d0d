-- Records failures of documents that a batch holds. A failed document is tried again after `retrySeconds`, then after
-- twice as long each time. With `withdrawSecond`, the same failure twice in a row means that the document is withdrawn:
-- the API sometimes answers "not found" for a short time, so only the second answer counts.
create or replace function legisync.settle_failures(
  p_category text, p_held text[], p_now timestamptz, p_failures jsonb) returns void
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
begin
  update legisync.documents d set
      state = case when d.code = x.code and x."withdrawSecond" then 'withdrawn' else 'failed' end,
      attempts = d.attempts + 1,
      code = x.code,
      message = left(x.message, 500),
      next_attempt_at = case
        when d.next_attempt_at > d.held_since then d.next_attempt_at
        when d.code = x.code and x."withdrawSecond" then null
        else legisync.retry_at(p_now, x."retrySeconds", d.attempts) end,
      holder = null, held_since = null, held_until = null
    from jsonb_to_recordset(p_failures)
      as x (id text, code text, message text, "retrySeconds" double precision, "withdrawSecond" boolean)
    where d.category = p_category and d.id = x.id and d.id = any (p_held) and d.state <> 'superseded';
end
$$;

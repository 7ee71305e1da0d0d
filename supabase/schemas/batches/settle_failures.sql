-- Records failures of documents that a batch holds. A failed document is tried again after `retrySeconds`, then after
-- twice as long each time, up to `maxSeconds`.
--
-- `unavailable` means that the API does not know the document. That alone proves nothing: it also says so of documents
-- that exist. The document is unavailable while its listing shows it, and withdrawn if its listing does not show it
-- either.
create or replace function legisync.settle_failures(
  p_category text, p_held text[], p_now timestamptz, p_failures jsonb) returns void
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
begin
  update legisync.documents d set
      state = case when not x.unavailable then 'failed'
                   when d.absent_since is null then 'unavailable'
                   else 'withdrawn' end,
      attempts = d.attempts + 1,
      code = x.code,
      message = left(x.message, 500),
      next_attempt_at = case
        when d.next_attempt_at > d.held_since then d.next_attempt_at
        when x.unavailable and d.absent_since is not null then null
        else legisync.retry_at(p_now, x."retrySeconds", x."maxSeconds", d.attempts) end,
      holder = null, held_since = null, held_until = null
    from jsonb_to_recordset(p_failures) as x (
      id text, code text, message text, "retrySeconds" double precision, "maxSeconds" double precision,
      unavailable boolean)
    where d.category = p_category and d.id = x.id and d.id = any (p_held) and d.state <> 'superseded';
end
$$;

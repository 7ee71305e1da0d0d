-- Ends expired leases and waits before another attempt, up to a thousand: the files are pending again, or given up.
-- legisync_claim_files does the same. legisync's workers call this every minute, so that Workers that poll the table get
-- the files even if nobody claims any more. In the answer: `ended`, a number.
create or replace function public.legisync_expire_claims()
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan set statement_timeout = '30s'
as $$
begin
  -- Without claims, the table's status need not accept their outcomes.
  if not exists (select from legisync.claims) then
    return json_build_object('ended', 0);
  end if;
  return json_build_object('ended', legisync.expire_claims(legisync.claim_settings()));
end
$$;
comment on function public.legisync_expire_claims is 'Part of legisync. Ends expired leases of files.';

-- Extends the lease of these files to `p_lease_seconds` (1 to 86400) from now. If a path is `refused`, its Worker does
-- not hold the file any more and should stop processing it.
create or replace function public.legisync_extend_files(p_token uuid, p_paths text[], p_lease_seconds integer)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '30s'
as $$
declare
  v_held text[];
  v_until timestamptz;
begin
  perform legisync.check_bounds('p_lease_seconds', p_lease_seconds, 1, 86400);
  v_held := legisync.lock_claimed(legisync.claim_settings(), p_token, p_paths);
  v_until := clock_timestamp() + make_interval(secs => p_lease_seconds);
  update legisync.claims set held_until = v_until where file_path = any (v_held);
  return json_build_object(
    'extended', cardinality(v_held),
    'leaseUntil', v_until,
    'refused', legisync.refused(p_paths, v_held));
end
$$;
comment on function public.legisync_extend_files is 'Part of legisync. Extends the lease of claimed files.';

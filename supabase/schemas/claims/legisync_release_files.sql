-- Releases files that the Worker has not begun to process. They are pending at once, and the attempt is not counted. In
-- the answer: `released`, a number; `alreadyEnded` and `refused`, as in legisync_fail_files.
create or replace function public.legisync_release_files(p_token uuid, p_paths text[])
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '30s'
as $$
declare
  s legisync.settings := legisync.claim_settings();
  v_held text[] := legisync.lock_claimed(s, p_token, p_paths);
  v_before text[] := legisync.ended_before(p_token, p_paths, '{waiting,returned,failed}');
begin
  perform legisync.end_claims(v_held, 'returned');
  update legisync.claims set attempts = attempts - 1 where file_path = any (v_held);
  perform legisync.set_status(v_held, 'pending');
  return json_build_object(
    'released', cardinality(v_held),
    'alreadyEnded', cardinality(v_before),
    'refused', legisync.refused(p_paths, v_held || v_before));
end
$$;
comment on function public.legisync_release_files is 'Part of legisync. Releases claimed files that were not begun.';

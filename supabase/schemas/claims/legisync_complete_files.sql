-- Completes files. A lease that has ended is still valid until the file is taken back. In the answer, each path is in
-- one of:
--   `completed`         a number.
--   `pendingAgain`      completed, but pending again because the content changed meanwhile.
--   `alreadyCompleted`  a number: completed by an earlier call with this token, within the last ten minutes.
--   `refused`           the token does not hold this file, or not any more.
create or replace function public.legisync_complete_files(p_token uuid, p_paths text[])
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan set statement_timeout = '30s'
as $$
declare
  s legisync.settings := legisync.claim_settings();
  v_held text[] := legisync.lock_claimed(s, p_token, p_paths);
  v_before text[] := legisync.ended_before(p_token, p_paths, '{completed}');
  v_done public.files_queue.status%type := s.write_done;
  v_again text[];
begin
  -- First the claims: the trigger that makes a changed row pending again removes claims that are still held.
  perform legisync.end_claims(v_held, 'completed');
  update legisync.claims set error = null where file_path = any (v_held) and error is not null;
  with done as (
    update public.files_queue set status = v_done, processed = true where file_path = any (v_held)
    returning file_path, status)
  select coalesce(array_agg(file_path order by file_path) filter (where status = 'pending'), '{}')
    into v_again from done;
  return json_build_object(
    'completed', cardinality(v_held) - cardinality(v_again),
    'pendingAgain', to_json(v_again),
    'alreadyCompleted', cardinality(v_before),
    'refused', legisync.refused(p_paths, v_held || v_before));
end
$$;
comment on function public.legisync_complete_files is 'Part of legisync. Completes claimed files.';

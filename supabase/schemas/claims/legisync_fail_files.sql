-- Records that files could not be processed. Each file is pending again in `p_retry_seconds` (0 to 86400), or is given
-- up if this was its last attempt. A file whose content changed meanwhile is pending at once. In the answer: `retried`,
-- a number; `failed`, the paths that are given up; `alreadyEnded`, a number: ended by an earlier call with this token;
-- `refused`, as in legisync_complete_files.
create or replace function public.legisync_fail_files(
  p_token uuid, p_paths text[], p_error text, p_retry_seconds integer default 0)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan set statement_timeout = '30s'
as $$
declare
  s legisync.settings := legisync.claim_settings();
  v_held text[];
  v_before text[];
  v_spent text[];
  v_again text[];
  v_waiting text[];
begin
  perform legisync.check_text('p_error', p_error, 0, 1000000);
  perform legisync.check_bounds('p_retry_seconds', p_retry_seconds, 0, 86400);
  v_held := legisync.lock_claimed(s, p_token, p_paths);
  v_before := legisync.ended_before(p_token, p_paths, '{waiting,returned,failed}');
  select coalesce(array_agg(c.file_path order by c.file_path) filter (
           where not f.requeue and c.attempts >= s.claim_attempts), '{}'),
         coalesce(array_agg(c.file_path) filter (
           where f.requeue or (c.attempts < s.claim_attempts and p_retry_seconds = 0)), '{}'),
         coalesce(array_agg(c.file_path) filter (
           where not f.requeue and c.attempts < s.claim_attempts and p_retry_seconds > 0), '{}')
    into v_spent, v_again, v_waiting
    from legisync.claims c join public.files_queue f on f.file_path = c.file_path
    where c.file_path = any (v_held);
  perform legisync.end_claims(v_spent, 'failed', p_error);
  perform legisync.end_claims(v_again, 'returned', p_error);
  perform legisync.end_claims(v_waiting, 'waiting', p_error, make_interval(secs => p_retry_seconds));
  perform legisync.set_status(v_spent, s.write_failed);
  perform legisync.set_status(v_again, 'pending');
  return json_build_object(
    'retried', cardinality(v_held) - cardinality(v_spent),
    'failed', to_json(v_spent),
    'alreadyEnded', cardinality(v_before),
    'refused', legisync.refused(p_paths, v_held || v_before));
end
$$;
comment on function public.legisync_fail_files is
  'Part of legisync. Records that claimed files could not be processed.';

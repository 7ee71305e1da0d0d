-- Locks the queue rows of these paths. Returns the paths that the token holds and whose row is still in progress: if a
-- row was changed by hand, its Worker has lost it.
create or replace function legisync.lock_claimed(s legisync.settings, p_token uuid, p_paths text[]) returns text[]
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
begin
  perform legisync.check_given('p_token', p_token);
  perform legisync.check_list('p_paths', p_paths, 0, 1000);
  perform from public.files_queue f where f.file_path = any (p_paths) order by f.file_path for update;
  return array(
    select f.file_path
    from public.files_queue f join legisync.claims c on c.file_path = f.file_path
    where f.file_path = any (p_paths) and c.token = p_token and c.state = 'held'
      and f.status::text = s.write_in_progress);
end
$$;

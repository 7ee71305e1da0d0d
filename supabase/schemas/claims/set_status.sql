-- Sets the status of queue rows.
create or replace function legisync.set_status(p_paths text[], p_status text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
declare
  v_status public.files_queue.status%type := p_status;
begin
  update public.files_queue set status = v_status where file_path = any (p_paths);
end
$$;

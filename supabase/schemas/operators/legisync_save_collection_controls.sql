-- Saves what an operator sets for a collection, and returns it.
create or replace function public.legisync_save_collection_controls(
  p_collection text, p_paused boolean, p_lanes integer)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '20s'
as $$
begin
  perform legisync.check_category('p_collection', p_collection);
  perform legisync.check_given('p_paused', p_paused);
  perform legisync.check_bounds('p_lanes', p_lanes, 1, 16);
  insert into legisync.controls (collection, paused, lanes) values (p_collection, p_paused, p_lanes)
    on conflict (collection) do update set paused = excluded.paused, lanes = excluded.lanes, updated_at = now();
  return json_build_object('paused', p_paused, 'lanes', p_lanes);
end
$$;
comment on function public.legisync_save_collection_controls is
  'Part of legisync. Saves what an operator sets for a collection.';

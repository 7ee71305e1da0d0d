-- What an operator last set for a collection: {"paused", "lanes"}. Null: nothing was set.
create or replace function public.legisync_collection_controls(p_collection text)
returns json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '20s'
as $$
begin
  perform legisync.check_category('p_collection', p_collection);
  return (
    select json_build_object('paused', paused, 'lanes', lanes) from legisync.controls where collection = p_collection);
end
$$;
comment on function public.legisync_collection_controls is
  'Part of legisync. What an operator last set for a collection.';

-- Releases a slice without changing it. Any batch may lease it at once. Answers `lost` if another batch holds it.
create or replace function public.legisync_release_slice(p_slice bigint, p_batch jsonb)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '20s'
as $$
declare
  v legisync.slices := legisync.lock_slice(p_slice, p_batch);
begin
  update legisync.slices set holder = null, held_since = null, held_until = null where id = v.id;
  return json_build_object('outcome', case when v.id is null then 'lost' else 'released' end);
end
$$;
comment on function public.legisync_release_slice is 'Part of legisync. Releases a slice.';

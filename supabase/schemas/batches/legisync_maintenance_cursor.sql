-- Where MAINTENANCE continues in a source. Null: it has not run yet.
create or replace function public.legisync_maintenance_cursor(p_collection text, p_source text)
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '20s'
as $$
begin
  perform legisync.check_category('p_collection', p_collection);
  perform legisync.check_text('p_source', p_source, 1, 200);
  return (select cursor from legisync.watermarks where collection = p_collection and source = p_source);
end
$$;
comment on function public.legisync_maintenance_cursor is 'Part of legisync. Where MAINTENANCE continues in a source.';

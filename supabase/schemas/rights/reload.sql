-- Applies what depends on a change: resolves the status values again, and tells PostgREST to reload its cache of
-- functions and their settings.
do $$
begin
  if to_regprocedure('legisync.resolve_status_values()') is not null then
    perform legisync.resolve_status_values();
  end if;
end
$$;
notify pgrst, 'reload schema';

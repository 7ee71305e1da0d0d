-- What follows from a change: the status values are resolved again, and PostgREST, which keeps functions and their
-- settings in a cache, reads them again.
do $$
begin
  if to_regprocedure('legisync.resolve_status_values()') is not null then
    perform legisync.resolve_status_values();
  end if;
end
$$;
notify pgrst, 'reload schema';

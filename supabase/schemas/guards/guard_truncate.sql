-- Refuses a TRUNCATE of public.files_queue, unless its transaction allows it (see legisync.may_empty). Removes all
-- claims: otherwise a Worker could complete a row that was queued again meanwhile with other content.
create or replace function legisync.guard_truncate() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if not legisync.may_empty() then
    perform legisync.refuse_emptying(
      'TRUNCATE', 'it leaves public.files_queue empty, so the Workers have no files until `legisync backfill` has run',
      'truncate public.files_queue');
  end if;
  delete from legisync.claims;
  return null;
end
$$;

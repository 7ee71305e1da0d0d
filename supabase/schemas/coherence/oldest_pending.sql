-- When the oldest row that a Worker may take was inserted. Two probes of files_queue_claimable. Null: there is none.
create or replace function legisync.oldest_pending() returns timestamptz
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return least(
    (select created_at from public.files_queue
      where status = 'pending' and not backfilled and processed is not true and dangling_since is null
      order by created_at limit 1),
    (select created_at from public.files_queue
      where status = 'pending' and backfilled and processed is not true and dangling_since is null
      order by created_at limit 1));
end
$$;

-- The order in which claim_files hands out. A migration of its own, because its build keeps writers out (a SHARE lock) for
-- as long as it reads the table, and locks are kept to the end of the transaction: together with the `alter table`s
-- before, readers would wait for it as well.
create index if not exists files_queue_claimable on public.files_queue (backfilled, created_at)
  where status = 'pending';

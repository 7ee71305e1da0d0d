-- The order in which files are claimed. A migration of its own: its build keeps writers out (a SHARE lock) for as long as
-- it reads the table, and locks last to the end of the transaction.
--
-- An index of that name that is invalid (a concurrent build was interrupted) or that has another definition is replaced.
do $$
begin
  if exists (
    select from pg_index i
    where i.indexrelid = to_regclass('public.files_queue_claimable')
      and not (i.indisvalid
               and pg_get_indexdef(i.indexrelid) like '%(backfilled, created_at)%'
               and pg_get_expr(i.indpred, i.indrelid) ~ '^\(\(\(?status.* = ''pending''.* AND \(processed IS NOT TRUE\) AND \(dangling_since IS NULL\)\)$')
  ) then
    drop index public.files_queue_claimable;
  end if;
end
$$;

create index if not exists files_queue_claimable on public.files_queue (backfilled, created_at)
  where status = 'pending' and processed is not true and dangling_since is null;

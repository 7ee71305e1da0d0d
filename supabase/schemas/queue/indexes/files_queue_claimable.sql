-- The order in which files are claimed. It has a migration of its own: the build blocks writers (SHARE lock) while it
-- reads the table, and locks last until the transaction ends.
--
-- An existing index of that name is replaced if it is invalid (a concurrent build was interrupted) or has another
-- definition.
do $$
begin
  if exists (
    select from pg_index i
    where i.indexrelid = to_regclass('public.files_queue_claimable')
      and not (i.indisvalid
               and pg_get_indexdef(i.indexrelid) like '%(backfilled, created_at)%'
               and pg_get_expr(i.indpred, i.indrelid) ~ ('^\(\(\(?status.* = ''pending''.* AND '
                   || '\(processed IS NOT TRUE\) AND \(dangling_since IS NULL\)\)$'))
  ) then
    drop index public.files_queue_claimable;
  end if;
end
$$;

create index if not exists files_queue_claimable on public.files_queue (backfilled, created_at)
  where status = 'pending' and processed is not true and dangling_since is null;

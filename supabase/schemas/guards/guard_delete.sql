-- Refuses a DELETE that leaves no row in public.files_queue, or that deletes both more than 1,000 rows and more than
-- settings.max_delete_percent of the table. A transaction may allow it (see legisync.may_empty). Deleted rows lose
-- their claims, as in legisync.guard_truncate. Not caught: `drop table`, and many small deletes in succession.
create or replace function legisync.guard_delete() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_deleted bigint;
  v_percent integer;
  v_left bigint;
begin
  select count(*) into v_deleted from (select from gone limit 1001) g;
  if v_deleted = 0 then
    return null;
  end if;
  delete from legisync.claims c using gone g where c.file_path = g.file_path;
  if legisync.may_empty() or (v_deleted <= 1000 and legisync.has_witness()) then
    return null;
  end if;
  if not exists (select from public.files_queue) then
    perform legisync.refuse_emptying(
      'DELETE', 'it leaves public.files_queue empty, so the Workers have no files until `legisync backfill` has run',
      'delete from public.files_queue');
  end if;
  select max_delete_percent into v_percent from legisync.settings;
  if v_deleted > 1000 and v_percent < 100 then
    select count(*) into v_deleted from gone;
    select count(*) into v_left from public.files_queue;
    if v_deleted * 100 > v_percent * (v_deleted + v_left) then
      perform legisync.refuse_emptying(
        'DELETE',
        format('it deletes %s of %s rows of public.files_queue, more than the %s %% of LEGISYNC_MAX_DELETE_PERCENT',
               v_deleted, v_deleted + v_left, v_percent),
        'delete from public.files_queue where …');
    end if;
  end if;
  return null;
end
$$;

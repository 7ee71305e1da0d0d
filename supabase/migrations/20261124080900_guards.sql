-- public.files_queue is not emptied by mistake: a TRUNCATE, and a DELETE that leaves no row, are refused unless their
-- transaction says so by name. They guard against a slip, not against a person: whoever may delete may also give the
-- permission. Not caught: `drop table`; and two sessions that delete the two halves of the table at the same time, of
-- which each still sees the other's.

create or replace function legisync.refuse_emptying(p_statement text, p_example text) returns void
language plpgsql
set search_path = ''
as $$
begin
  raise exception using
    message = format(
      '%s is refused: it leaves public.files_queue empty, and the Workers without work until `legisync backfill` has run. '
      'If that is meant: begin; set local legisync.allow_emptying = ''files_queue''; %s; commit;', p_statement, p_example),
    hint = 'After it, `legisync backfill` queues every file of the bucket as pending, also those that were processed. '
      '`legisync backfill --status processed --before DATE` queues the files from before a date as processed.';
end
$$;
revoke execute on function legisync.refuse_emptying(text, text) from public, anon, authenticated, service_role;

create or replace function legisync.guard_truncate() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  if current_setting('legisync.allow_emptying', true) is distinct from 'files_queue' then
    perform legisync.refuse_emptying('TRUNCATE', 'truncate public.files_queue');
  end if;
  return null;
end
$$;
revoke execute on function legisync.guard_truncate() from public, anon, authenticated, service_role;

-- Whether a row is left is asked of a witness: a row that was there the last time. Asking for any row would be simpler,
-- and quadratic: deleted rows stay in the table and its indexes until no transaction can see them any more, so that
-- every question walks past all that was deleted before it (10,000 deletes one by one in the order of an index: 6.2 s
-- instead of 1.2 s, and a hundred times that for ten times as many). The witness costs one probe of the index. It is the
-- row with the lowest path or, when that was deleted, the highest, in turn: whoever deletes in one of the two orders
-- meets it once, and whoever deletes in another one rarely.
--
-- It is kept in the session. There it may be wrong, being only a hint: each time its row is looked up.
create or replace function legisync.guard_delete() returns trigger
language plpgsql security definer
set search_path = '' set enable_seqscan = off
as $$
declare
  -- `low:` or `high:`, and the path.
  v_witness text := coalesce(current_setting('legisync.queue_witness', true), '');
  v_path text;
begin
  if current_setting('legisync.allow_emptying', true) = 'files_queue'
     or not exists (select from gone)
     or exists (select from public.files_queue where file_path = substr(v_witness, strpos(v_witness, ':') + 1)) then
    return null;
  end if;
  if v_witness like 'low:%' then
    select max(file_path) into v_path from public.files_queue;
  else
    select min(file_path) into v_path from public.files_queue;
  end if;
  if v_path is not null then
    perform set_config('legisync.queue_witness',
                       case when v_witness like 'low:%' then 'high:' else 'low:' end || v_path, false);
  -- A table of before may hold rows without a path.
  elsif not exists (select from public.files_queue) then
    perform legisync.refuse_emptying('DELETE', 'delete from public.files_queue');
  end if;
  return null;
end
$$;
revoke execute on function legisync.guard_delete() from public, anon, authenticated, service_role;

create or replace trigger files_queue_guard_truncate
  before truncate on public.files_queue
  for each statement execute function legisync.guard_truncate();

create or replace trigger files_queue_guard_delete
  after delete on public.files_queue
  referencing old table as gone
  for each statement execute function legisync.guard_delete();

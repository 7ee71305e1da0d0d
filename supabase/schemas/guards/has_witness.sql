-- Whether files_queue still has a row, asked of a witness: a row that was there the last time. Asking for any row would be
-- simpler, and quadratic: deleted rows stay in the table and its indexes until no transaction can see them any more, so
-- each question walks past all that was deleted before it (10,000 deletes one by one in the order of an index: 6.2 s
-- instead of 1.2 s, and a hundred times that for ten times as many). The witness costs one probe of the index. It is the
-- row with the lowest path or, when that was deleted, the highest, in turn: deletes in one of the two orders meet it once,
-- and deletes in another one rarely.
--
-- It is kept in the session. There it may be wrong, being only a hint: each time its row is looked up. False: there is no
-- row with a path.
create or replace function legisync.has_witness() returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  -- `low:` or `high:`, and the path.
  v_witness text := coalesce(current_setting('legisync.queue_witness', true), '');
  v_path text;
begin
  if exists (select from public.files_queue where file_path = substr(v_witness, strpos(v_witness, ':') + 1)) then
    return true;
  end if;
  if v_witness like 'low:%' then
    select max(file_path) into v_path from public.files_queue;
  else
    select min(file_path) into v_path from public.files_queue;
  end if;
  if v_path is null then
    return false;
  end if;
  perform set_config('legisync.queue_witness',
                     case when v_witness like 'low:%' then 'high:' else 'low:' end || v_path, false);
  return true;
end
$$;

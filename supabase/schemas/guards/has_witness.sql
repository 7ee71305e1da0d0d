-- Whether files_queue still has a row. To find out, it looks up a witness: a row that it found last time. Reading any
-- row would be simpler but quadratic. Deleted rows stay in the table and its indexes until no transaction can see them,
-- so each probe would walk past everything that was deleted before: 10,000 single deletes in index order took 6.2 s
-- instead of 1.2 s, and ten times as many would take a hundred times as long. Looking up the witness costs one index
-- probe.
--
-- The witness is the row with the lowest path or, after that one was deleted, the highest, in turn. Deletes in path
-- order hit it once, deletes in another order rarely. It is stored in the session, and is only a hint: each call looks
-- up its row. False: no row has a path.
create or replace function legisync.has_witness() returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  -- `low:` or `high:`, followed by the path.
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

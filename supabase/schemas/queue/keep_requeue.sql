-- Turns a row whose content changed meanwhile back to pending when its Worker finishes with its own, unchanged UPDATE.
--
-- A row is marked `requeue` when its content changes while it is not finished. A Worker that then takes it (from pending
-- to in progress) will read the new content, so the mark is cleared. A Worker that finishes a marked row may have read the
-- old content, so the row is pending again. A Worker that goes from pending to finished in one step cannot be told from
-- one that began before the change: it gets the file once more. Working twice is the better failure than not at all.
--
-- A row that becomes pending here loses its claim, if somebody still has it: another Worker finished the row, or gave it
-- back, under the claimant, who has read the old content.
create or replace function legisync.keep_requeue() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  s legisync.settings;
begin
  -- legisync's own update, of newer content: it sets the mark itself.
  if new.content_at is distinct from old.content_at or not new.requeue then
    return new;
  end if;
  select * into s from legisync.settings;
  if (coalesce(new.processed, false) and not coalesce(old.processed, false))
     or (new.status::text = any (s.status_done) and new.status is distinct from old.status) then
    new.status := 'pending';
    new.processed := false;
    new.requeue := false;
  elsif new.status is distinct from old.status
     and (new.status::text = 'pending'
          or (old.status::text = 'pending' and new.status::text = any (s.status_in_progress))) then
    new.requeue := false;
  end if;
  if not new.requeue and new.status::text = 'pending' then
    delete from legisync.claims where file_path = new.file_path and state in ('held', 'waiting');
  end if;
  return new;
end
$$;

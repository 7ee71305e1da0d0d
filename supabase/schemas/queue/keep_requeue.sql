-- Makes a row pending again if its content changed while a Worker was processing it. The Worker need not know: it
-- finishes the row with its own, unchanged UPDATE.
--
-- A row is marked `requeue` when its content changes before it is finished.
--   * A Worker that then takes the row (from pending to in progress) reads the new content, so the mark is cleared.
--   * A Worker that finishes a marked row may have read the old content, so the row is pending again.
--   * A Worker that goes from pending to finished in one step may have begun before the change, so it gets the file
--     once more.
-- Processing a file twice is better than not at all.
--
-- A row that becomes pending here loses its claim, if it still has one. Its claimant has read the old content, and
-- another Worker has finished the row or set it back.
create or replace function legisync.keep_requeue() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  s legisync.settings;
begin
  -- legisync's own update with newer content sets the mark itself.
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

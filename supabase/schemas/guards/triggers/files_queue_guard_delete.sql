create or replace trigger files_queue_guard_delete
  after delete on public.files_queue
  referencing old table as gone
  for each statement execute function legisync.guard_delete();

create or replace trigger files_queue_guard_truncate
  before truncate on public.files_queue
  for each statement execute function legisync.guard_truncate();

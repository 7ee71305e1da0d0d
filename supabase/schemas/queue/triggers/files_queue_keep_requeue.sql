create or replace trigger files_queue_keep_requeue
  before update on public.files_queue
  for each row when (old.requeue)
  execute function legisync.keep_requeue();

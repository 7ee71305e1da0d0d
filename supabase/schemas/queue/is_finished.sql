-- Whether a row of files_queue is finished. `p_done` is legisync.settings.status_done.
create or replace function legisync.is_finished(p_processed boolean, p_status text, p_done text[]) returns boolean
language sql immutable parallel safe
return coalesce(p_processed, false) or coalesce(p_status = any (p_done), false);

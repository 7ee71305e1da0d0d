-- Whether a row has older content than its object, and no update is under way. An object younger than the grace time
-- may still be in the process of being queued, and a row marked `requeue` is already known.
create or replace function legisync.is_stale(
  p_object_sha256 text, p_row_sha256 text, p_object_written timestamptz, p_row_created timestamptz,
  p_row_content_at timestamptz, p_requeue boolean, p_grace interval) returns boolean
language sql stable parallel safe
return legisync.content_is_newer(
    p_object_sha256, p_row_sha256, p_object_written, p_row_created, p_row_content_at, p_grace)
   and not p_requeue
   and p_object_written <= now() - p_grace;

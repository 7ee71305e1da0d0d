-- The later one of the dates that a row of files_queue has: when it was inserted, and when the content that it stands for
-- was written. Not a column `updated_at`: a team may have one that its Workers set, which says nothing about the content.
create or replace function legisync.row_written(p_created timestamptz, p_content_at timestamptz) returns timestamptz
language sql immutable parallel safe
return coalesce(greatest(p_created, p_content_at), '-infinity');

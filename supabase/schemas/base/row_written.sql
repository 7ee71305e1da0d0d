-- When a row of files_queue was last said to be right: when it was inserted, or when legisync last wrote its content.
-- Not a column `updated_at`: a team may have one that its Workers set, and then it says nothing about the content.
create or replace function legisync.row_written(p_created timestamptz, p_content_at timestamptz) returns timestamptz
language sql immutable parallel safe
return coalesce(greatest(p_created, p_content_at), '-infinity');

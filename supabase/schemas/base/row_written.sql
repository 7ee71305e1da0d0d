-- The later of a row's two dates: when the row was inserted, and when its content was written. A column `updated_at` is
-- not used: a team's Workers may set one, and it says nothing about the content.
create or replace function legisync.row_written(p_created timestamptz, p_content_at timestamptz) returns timestamptz
language sql immutable parallel safe
return coalesce(greatest(p_created, p_content_at), '-infinity');

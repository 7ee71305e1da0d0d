-- Whether an object has other, newer content than the one that its row stands for. The one place that says so.
--
-- Hashes decide where both sides have one. Hashes of two versions of the projection ("v1:…", "v2:…") cannot be compared:
-- that is not new content, and the row takes the hash over.
--
-- Where one side has no hash, dates decide (ADR 4). A row that legisync has written knows the date of its content: an object
-- of a later date is newer. Of a row from before legisync only the date of the row is known. An object with a hash was
-- uploaded by us, so it is newer if it was written after the row. An object without one belongs to a collector that inserts
-- the row seconds before the upload: it is newer only if it is younger by more than the grace time.
--
-- Stable, since adding an interval to a time is: declared immutable, it would not be inlined.
create or replace function legisync.content_is_newer(
  p_object_sha256 text, p_row_sha256 text, p_object_written timestamptz, p_row_created timestamptz,
  p_row_content_at timestamptz, p_grace interval) returns boolean
language sql stable parallel safe
return case
  when p_object_sha256 = p_row_sha256 then false
  when p_object_sha256 is not null and p_row_sha256 is not null
    then split_part(p_object_sha256, ':', 1) = split_part(p_row_sha256, ':', 1)
  when p_row_content_at is not null then p_object_written > p_row_content_at
  when p_object_sha256 is not null then p_object_written > coalesce(p_row_created, '-infinity')
  else p_object_written > coalesce(p_row_created, '-infinity') + p_grace
end;

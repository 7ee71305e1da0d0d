-- Whether an object has newer content than its row. This is the only place that decides it.
--
-- If both have a hash, the hashes decide. Hashes of different versions of the projection ("v1:…", "v2:…") cannot be
-- compared. They do not count as new content, and the row takes the object's hash.
--
-- If one has no hash, dates decide (ADR 4). A row that legisync has written knows the date of its content: an object
-- with a later date is newer. Of a pre-existing row only the row's own date is known. An object with a hash was
-- uploaded by legisync, so it is newer if it was written after the row. An object without a hash comes from a collector
-- that inserts the row seconds before the upload, so it is newer only if it is younger by more than the grace time.
--
-- Stable, because adding an interval to a time is stable. Declared immutable, it would not be inlined.
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

-- Whether an object has other, newer content than the one that its row stands for. The one place that says so.
--
-- Hashes decide where both sides have one. Hashes of two versions of the projection ("v1:…", "v2:…") cannot be compared:
-- that is not new content, and the row takes the hash over.
--
-- Where one side has no hash, dates decide (ADR 4). Only legisync writes hashes: an object that has one was uploaded by
-- us, so it is new to a row that was written before it. An object without a hash belongs to a collector that inserts the
-- row seconds before the upload: it is new only if it is younger by more than the grace time.
--
-- Stable, since adding an interval to a time is: declared immutable, it would not be inlined.
create or replace function legisync.content_is_newer(
  p_object_sha256 text, p_row_sha256 text, p_object_written timestamptz, p_row_written timestamptz, p_grace interval)
returns boolean
language sql stable parallel safe
return case
  when p_object_sha256 = p_row_sha256 then false
  when p_object_sha256 is null then p_object_written > p_row_written + p_grace
  when p_row_sha256 is null then p_object_written > p_row_written
  else split_part(p_object_sha256, ':', 1) = split_part(p_row_sha256, ':', 1)
end;

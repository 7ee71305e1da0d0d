-- A document as it is after a source has listed it; unchanged in most cases. The one place that says what a listing means.
--
-- Several sources may list a document. The signal of one counts, its owner's: two would be compared with each other, and
-- differ all the time. The document passes to the next source that lists it if its owner is no source of the pass any more
-- (renamed, removed; `p_sources`, null before the first pass), has not listed it in the last complete pass, or if it is superseded. What changed meanwhile shows in
-- the signal, so it is compared then as well; if the two sources word it differently, that costs one request.
--   * The signal that counts has changed: due again, and earlier failures are forgotten. With `refresh`, so is a file
--     from before legisync.
--   * Superseded: it is back, as it was, and due if its last content was not collected.
create or replace function legisync.relisted(
  d legisync.documents, p_source text, p_code_id text, p_revision text, p_adopt text,
  p_complete_pass integer, p_sources text[], p_now timestamptz) returns legisync.documents
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_counts boolean := (d.source = p_source and d.code_id = p_code_id)
                   or d.state = 'superseded'
                   or coalesce(d.absent_since <= p_complete_pass, false)
                   or coalesce(d.source <> all (p_sources), false);
begin
  if (v_counts and d.revision is distinct from p_revision)
     or (p_adopt = 'refresh' and d.state = 'stored' and d.content_sha256 is null) then
    d.state := 'discovered';
    d.next_attempt_at := p_now;
    d.attempts := 0;
    d.code := null;
    d.message := null;
    d.stored_at := null;
  elsif d.state = 'superseded' then
    d.state := case when d.code is not null then 'failed' when d.stored_at is null then 'discovered' else 'stored' end;
    d.next_attempt_at := case when d.state <> 'stored' then p_now end;
  end if;
  if v_counts then
    d.source := p_source;
    d.code_id := p_code_id;
    d.revision := p_revision;
    d.absent_since := null;
  end if;
  return d;
end
$$;

-- Returns a document as it is after a source has listed it; in most cases unchanged. This is the only place that
-- decides what a listing changes.
--
-- Several sources may list a document. Only its owner's change signal counts: signals of two sources would differ at
-- each listing. Another source that lists the document becomes its owner if
--   * the owner is not a source of the pass any more (it was renamed or removed; `p_sources`, null before the first
--     pass),
--   * the owner did not list the document in the last complete pass, or
--   * the document is superseded.
-- The new owner's signal is compared as well, because the content may have changed meanwhile. If the two sources have
-- different signals for the same content, that costs one request.
--
-- The result:
--   * If the signal that counts has changed, the document is due and its earlier failures are cleared. With `refresh`,
--     so is a document whose file is from before legisync.
--   * Otherwise, if the document was superseded, it gets its former state back. It is due if its last content was not
--     collected.
--   * A withdrawn document that its owner lists again is unavailable, and due.
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
  elsif d.state = 'withdrawn' and v_counts then
    d.state := 'unavailable';
    d.next_attempt_at := p_now;
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

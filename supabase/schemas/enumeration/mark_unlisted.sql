-- At the end of a pass: ends the retries of documents that no listing of the pass can show, because their source was
-- removed or renamed, or does not contain their code any more. legisync.mark_absent compares only what the pass reads,
-- so it never judges them.
--
-- An unavailable document is withdrawn. A failed one of a code is superseded. If another source lists the document, it
-- is only marked as absent, and that source becomes its owner in the next pass. A source whose own slice is parked is
-- not judged: its codes are unknown. Reads only documents that are to be tried again. A call marks at most 10,000; the
-- next pass marks the rest, and those that another transaction has locked.
create or replace function legisync.mark_unlisted(p_collection text, p_pass integer) returns void
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
declare
  v_ids text[];
  v_elsewhere text[];
begin
  v_ids := array(
    select d.id from legisync.documents d
    where d.category = p_collection and d.next_attempt_at is not null and d.absent_since is null
      and (d.state = 'unavailable' or (d.state = 'failed' and d.code_id <> ''))
      and not exists (
        select from legisync.slices s
        where s.collection = p_collection and s.pass = p_pass and s.source = d.source and s.state <> 'split'
          and (coalesce(s.code_id, '') = d.code_id or (s.kind = 'source' and s.state = 'parked')))
    order by d.id limit 10000 for update skip locked);
  v_elsewhere := legisync.listed_elsewhere(p_collection, p_pass, '{}', v_ids);
  update legisync.documents set absent_since = p_pass
    where category = p_collection and id = any (v_ids);
  update legisync.documents
    set state = case state when 'unavailable' then 'withdrawn' else 'superseded' end, next_attempt_at = null
    where category = p_collection and id = any (v_ids) and id <> all (v_elsewhere);
end
$$;

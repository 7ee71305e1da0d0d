-- Marks up to 10,000 documents of a source that are not listed by any of these slices. Returns whether that was all. A
-- document that a code's table of contents does not list any more also becomes superseded, unless another source of the
-- pass lists it. That source then becomes its owner. An unavailable document that no source lists is withdrawn.
--
-- Documents that another transaction has locked are left for the next call. The caller may already hold locks on higher
-- ids, so waiting here could deadlock.
--
-- Nested loops are disabled: without statistics the planner may expect few rows in the listing, and scan all of it once
-- for each document.
create or replace function legisync.mark_absent_documents(
  p_collection text, p_pass integer, p_source text, p_code_id text, p_slices bigint[]) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
set enable_nestloop = off set work_mem = '64MB'
as $$
declare
  v_ids text[];
  v_elsewhere text[];
  v_locked text[];
begin
  select array_agg(id) into v_ids from (
    select d.id from legisync.documents d
    where d.category = p_collection and d.source = p_source and d.code_id = p_code_id and d.absent_since is null
      and not exists (select from legisync.listing_documents l where l.slice = any (p_slices) and l.id = d.id)
    order by d.id limit 10000) absent;
  if v_ids is null then
    return true;
  end if;
  v_elsewhere := legisync.listed_elsewhere(p_collection, p_pass, p_slices, v_ids);
  v_locked := array(
    select id from legisync.documents
    where category = p_collection and id = any (v_ids)
    order by id for update skip locked);
  update legisync.documents set absent_since = p_pass
    where category = p_collection and id = any (v_locked);
  update legisync.documents set state = 'superseded', next_attempt_at = null
    where category = p_collection and id = any (v_locked) and p_code_id <> ''
      and state in ('discovered', 'stored', 'failed') and id <> all (v_elsewhere);
  update legisync.documents set state = 'withdrawn', next_attempt_at = null
    where category = p_collection and id = any (v_locked) and state = 'unavailable' and id <> all (v_elsewhere);
  return cardinality(v_locked) = cardinality(v_ids) and cardinality(v_ids) < 10000;
end
$$;

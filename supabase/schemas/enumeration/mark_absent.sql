-- Marks the documents that a source does not list any more, once all of its slices are complete: a document that was
-- given another date has moved to another slice. A table of contents is complete by itself. Returns whether nothing is
-- left to mark; a call marks at most 10,000 documents of a source.
--
-- A listing that lost pages in a crash of PostgreSQL marks nothing: the next pass will. Neither does a source with a
-- parked slice.
create or replace function legisync.mark_absent(p_collection text, p_pass integer) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_listing record;
begin
  for v_listing in
    select s.source, coalesce(s.code_id, '') as code_id, array_agg(s.id) as slices,
           bool_and(exists (select from legisync.listing_rounds r where r.slice = s.id and r.round = s.round)) as whole
      from legisync.slices s
      where s.collection = p_collection and s.pass = p_pass and s.state <> 'split'
      group by s.source, s.code_id
      having bool_and(s.state = 'complete') and not bool_and(s.judged)
      -- Two callers at once then wait for each other's slices in one order.
      order by s.source, s.code_id
  loop
    if v_listing.whole and not legisync.mark_absent_documents(
         p_collection, p_pass, v_listing.source, v_listing.code_id, v_listing.slices) then
      return false;
    end if;
    update legisync.slices set judged = true where id = any (v_listing.slices);
  end loop;
  return true;
end
$$;

-- Marks the documents that a source does not list any more. It waits until all slices of the source are complete,
-- because a document whose date was changed moves to another slice. For a code, its table of contents is enough.
-- Returns whether nothing is left to mark; a call marks at most 10,000 documents of a source.
--
-- Nothing is marked for a source with a parked slice, or for a listing that lost pages in a crash of PostgreSQL. The
-- next pass does it.
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
      having bool_and(s.state = 'complete') and not bool_and(s.absences_marked)
      -- In a fixed order, so that two concurrent calls cannot deadlock.
      order by s.source, s.code_id
  loop
    if v_listing.whole and not legisync.mark_absent_documents(
         p_collection, p_pass, v_listing.source, v_listing.code_id, v_listing.slices) then
      return false;
    end if;
    update legisync.slices set absences_marked = true where id = any (v_listing.slices);
  end loop;
  return true;
end
$$;

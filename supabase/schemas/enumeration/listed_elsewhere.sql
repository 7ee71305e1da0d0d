-- The ids that slices of the pass other than `p_slices` have listed.
create or replace function legisync.listed_elsewhere(p_collection text, p_pass integer, p_slices bigint[], p_ids text[])
returns text[]
language sql stable
return array(
  select distinct l.id
  from legisync.slices s join legisync.listing_documents l on l.slice = s.id
  where s.collection = p_collection and s.pass = p_pass and s.id <> all (p_slices) and l.id = any (p_ids));

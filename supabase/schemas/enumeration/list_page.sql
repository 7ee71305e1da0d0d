-- Records the ids of one page of a round. Returns false, and records nothing, if a crash of PostgreSQL has lost the
-- earlier pages.
--
-- The first page begins the round, unless a later page has already been read: a late duplicate of the first page must
-- not remove the later ones.
create or replace function legisync.list_page(v legisync.slices, p_page integer, p_documents jsonb) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_page = 1 and v.page = 1 then
    delete from legisync.listing_documents where slice = v.id and round = v.round;
    insert into legisync.listing_rounds (slice, round) values (v.id, v.round) on conflict do nothing;
  elsif not exists (select from legisync.listing_rounds where slice = v.id and round = v.round) then
    return false;
  end if;
  insert into legisync.listing_documents (slice, round, id)
    select distinct v.id, v.round, d.id from jsonb_to_recordset(p_documents) as d (id text)
    on conflict do nothing;
  return true;
end
$$;

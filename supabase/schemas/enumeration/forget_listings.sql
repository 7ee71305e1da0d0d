-- Removes listings of earlier passes. A call removes those of twenty slices: at most 200,000 rows, about 0.2 s.
create or replace function legisync.forget_listings(p_collection text, p_pass integer) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_slices bigint[];
begin
  select array_agg(slice) into v_slices from (
    select r.slice from legisync.listing_rounds r join legisync.slices s on s.id = r.slice
    where s.collection = p_collection and s.pass < p_pass limit 20) old;
  if v_slices is not null then
    delete from legisync.listing_documents where slice = any (v_slices);
    delete from legisync.listing_rounds where slice = any (v_slices);
  end if;
end
$$;

-- Begins a pass, with one slice for each source. Keeps the previous pass, so that an operator can still see which
-- slices were parked. Removes older passes once their listings are removed (see legisync.forget_listings).
create or replace function legisync.begin_pass(p_collection text, p_pass integer, p_sources text[])
returns legisync.passes
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_pass legisync.passes;
begin
  insert into legisync.passes (collection, pass) values (p_collection, p_pass) returning * into v_pass;
  insert into legisync.slices (collection, pass, source, kind)
    select p_collection, p_pass, s, 'source' from unnest(p_sources) s
    on conflict do nothing;
  delete from legisync.passes p
    where p.collection = p_collection and p.pass < p_pass - 1
      and not exists (
        select from legisync.slices s join legisync.listing_rounds r on r.slice = s.id
        where s.collection = p.collection and s.pass = p.pass);
  return v_pass;
end
$$;

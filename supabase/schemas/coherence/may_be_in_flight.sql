-- Whether a young file without a row may still be queued by its batch. It may not if the catalogue knows its document
-- and no batch holds it: then nothing is going to write the row. A file that the catalogue does not know may be queued
-- by the program that uploaded it.
create or replace function legisync.may_be_in_flight(p_name text) returns boolean
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return not exists (
    select from legisync.documents d
    where d.category = split_part(p_name, '/', 2)
      and d.id = split_part(split_part(p_name, '/', 3), '.', 1)
      and p_name = legisync.document_path(d.category, d.id)
      and (d.held_until is null or d.held_until <= now()));
end
$$;

-- The paths that are not among the known ones, each once.
create or replace function legisync.refused(p_paths text[], p_known text[]) returns json
language sql immutable
return (
  select coalesce(json_agg(p.path order by p.path), '[]') from (select distinct unnest(p_paths)) as p (path)
  where p.path <> all (p_known));

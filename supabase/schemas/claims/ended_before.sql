-- The paths whose claim this token has already brought to one of these states. For these, the call is a repetition.
create or replace function legisync.ended_before(p_token uuid, p_paths text[], p_states text[]) returns text[]
language sql stable
return array(
  select c.file_path from legisync.claims c
  where c.file_path = any (p_paths) and c.token = p_token and c.state = any (p_states));

-- Raises 22023 if a list of texts is missing, has too few or too many entries, or contains a null.
create or replace function legisync.check_list(p_name text, p_value text[], p_least integer, p_most integer)
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_value is null then
    raise exception '% is null: it must have % to % entries.', p_name, p_least, p_most
      using errcode = 'invalid_parameter_value';
  elsif cardinality(p_value) not between p_least and p_most then
    raise exception '% has % entries: it must have % to %.', p_name, cardinality(p_value), p_least, p_most
      using errcode = 'invalid_parameter_value';
  elsif array_position(p_value, null) is not null then
    raise exception '% has a null at position %: every entry must be a text.', p_name, array_position(p_value, null)
      using errcode = 'invalid_parameter_value';
  end if;
end
$$;

-- Raises 22023 if a value is not a JSON array of objects, or if the array is too short or too long. Each object must
-- have a text under the key `p_key`.
create or replace function legisync.check_json_list(
  p_name text, p_value jsonb, p_key text, p_least integer, p_most integer) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_wrong jsonb;
begin
  if jsonb_typeof(p_value) is distinct from 'array' then
    raise exception '% is %: it must be a JSON array.', p_name, coalesce(jsonb_typeof(p_value), 'null')
      using errcode = 'invalid_parameter_value';
  elsif jsonb_array_length(p_value) not between p_least and p_most then
    raise exception '% has % entries: it must have % to %.', p_name, jsonb_array_length(p_value), p_least, p_most
      using errcode = 'invalid_parameter_value';
  end if;
  select e into v_wrong
    from jsonb_array_elements(p_value) e
    where jsonb_typeof(e -> p_key) is distinct from 'string'
    limit 1;
  if found then
    raise exception '% has the entry %: each must be an object with a text under "%".',
      p_name, left(v_wrong::text, 100), p_key using errcode = 'invalid_parameter_value';
  end if;
end
$$;

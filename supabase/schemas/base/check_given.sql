-- Raises 22023 if a value is missing.
create or replace function legisync.check_given(p_name text, p_value anyelement) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_value is null then
    raise exception '% is null: it must have a value.', p_name using errcode = 'invalid_parameter_value';
  end if;
end
$$;

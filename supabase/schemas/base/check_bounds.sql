-- Raises 22023 if a number is missing or out of bounds.
create or replace function legisync.check_bounds(p_name text, p_value numeric, p_least numeric, p_most numeric)
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_value is null or p_value not between p_least and p_most then
    raise exception '% is %: it must be from % to %.', p_name, coalesce(p_value::text, 'null'), p_least, p_most
      using errcode = 'invalid_parameter_value';
  end if;
end
$$;

-- Raises 22023 if a text is not one of the choices.
create or replace function legisync.check_choice(p_name text, p_value text, variadic p_choices text[]) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_value is null or p_value <> all (p_choices) then
    raise exception '% is %: it must be one of %.',
      p_name, coalesce(quote_literal(left(p_value, 100)), 'null'), array_to_string(p_choices, ', ')
      using errcode = 'invalid_parameter_value';
  end if;
end
$$;

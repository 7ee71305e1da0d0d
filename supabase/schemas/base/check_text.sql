-- Raises 22023 if a text is missing, too short or too long.
create or replace function legisync.check_text(p_name text, p_value text, p_least integer, p_most integer) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_value is null or length(p_value) not between p_least and p_most then
    raise exception '% is %: it must have % to % characters.',
      p_name, coalesce(quote_literal(left(p_value, 100)), 'null'), p_least, p_most
      using errcode = 'invalid_parameter_value';
  end if;
end
$$;

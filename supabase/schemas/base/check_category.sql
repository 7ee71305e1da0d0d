-- Raises 22023 if a text is not a valid collection name. The name is also the category: a folder in the bucket.
create or replace function legisync.check_category(p_name text, p_value text) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if legisync.is_category(p_value) is not true then
    raise exception '% is %: it must be 1 to 63 small letters, digits, "_" or "-", and begin with a letter or digit.',
      p_name, coalesce(quote_literal(left(p_value, 100)), 'null')
      using errcode = 'invalid_parameter_value';
  end if;
end
$$;

-- Whether `files_queue.status` accepts a value, whatever its type and its checks are. Checks that also read other
-- columns are skipped. The statements are built as text, because type and checks are known only at run time.
create or replace function legisync.status_accepts(p_value text) returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_type text;
  v_number smallint;
  v_check text;
  v_ok boolean;
begin
  select format_type(atttypid, atttypmod), attnum into strict v_type, v_number
    from pg_attribute where attrelid = 'public.files_queue'::regclass and attname = 'status';
  begin
    -- A cast truncates a value that is too long for the type, without an error.
    execute format('select (%L::%s)::text = %L', p_value, v_type, p_value) into v_ok;
  exception when data_exception or check_violation then
    return false;
  end;
  for v_check in
    select pg_get_expr(conbin, conrelid) from pg_constraint
    where conrelid = 'public.files_queue'::regclass and contype = 'c' and conkey = array[v_number]
  loop
    exit when not v_ok;
    execute format('select (%s) is not false from (select %L::%s as status) w', v_check, p_value, v_type) into v_ok;
  end loop;
  return v_ok;
end
$$;

-- Raises 22023 if `p_failures` of legisync_enqueue_documents is invalid.
create or replace function legisync.check_failures(p_failures jsonb) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_wrong jsonb;
begin
  perform legisync.check_json_list('p_failures', p_failures, 'id', 0, 1000);
  perform legisync.check_json_list('p_failures', p_failures, 'code', 0, 1000);
  select f into v_wrong
    from jsonb_array_elements(p_failures) f
    where jsonb_typeof(f -> 'retrySeconds') is distinct from 'number'
       or jsonb_typeof(f -> 'maxSeconds') is distinct from 'number'
       or jsonb_typeof(f -> 'unavailable') is distinct from 'boolean'
    limit 1;
  if found then
    raise exception
      'p_failures has the entry %: "retrySeconds" and "maxSeconds" must be numbers, and "unavailable" true or false.',
      left(v_wrong::text, 100) using errcode = 'invalid_parameter_value';
  end if;
end
$$;

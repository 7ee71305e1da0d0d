-- Raises 22023 if `p_keys` of legisync_split_slice is invalid. The keys are as legisync.slice_key returns them; the
-- kind `source` is not allowed, because only a new pass creates such slices.
create or replace function legisync.check_keys(p_keys jsonb) returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_key jsonb;
begin
  perform legisync.check_json_list('p_keys', p_keys, 'kind', 1, 1000);
  for v_key in select k from jsonb_array_elements(p_keys) k loop
    perform legisync.check_choice('the kind of an entry of p_keys', v_key ->> 'kind', 'code', 'window', 'undated');
    if v_key ->> 'kind' = 'code' then
      perform legisync.check_text('the code of an entry of p_keys', v_key ->> 'code', 1, 100);
    elsif v_key ->> 'kind' = 'window' and ((v_key ->> 'from')::date <= (v_key ->> 'to')::date) is not true then
      raise exception
        'p_keys has the entry %: a window must have "from" and "to", and must not end before it begins.', v_key
        using errcode = 'invalid_parameter_value';
    end if;
  end loop;
exception when datetime_field_overflow or invalid_datetime_format then
  raise exception 'p_keys has the entry %: "from" and "to" must be dates, such as 2026-11-24.', v_key
    using errcode = 'invalid_parameter_value';
end
$$;

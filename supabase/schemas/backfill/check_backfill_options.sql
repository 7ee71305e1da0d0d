-- Raises 22023 if `p_options` of legisync_open_backfill is invalid.
create or replace function legisync.check_backfill_options(p_options jsonb) returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if jsonb_typeof(p_options) is distinct from 'object' then
    raise exception 'p_options is %: it must be a JSON object.', coalesce(jsonb_typeof(p_options), 'null')
      using errcode = 'invalid_parameter_value';
  end if;
  perform legisync.check_choice('p_options.kind', p_options ->> 'kind', 'queue', 'sizes');
  perform legisync.check_text('p_options.prefix', p_options ->> 'prefix', 0, 1024);
  perform legisync.check_choice('p_options.finished', p_options ->> 'finished', 'true', 'false');
  perform legisync.check_choice('p_options.allAtOnce', p_options ->> 'allAtOnce', 'true', 'false');
  perform legisync.check_choice(
    'the type of p_options.graceSeconds', jsonb_typeof(p_options -> 'graceSeconds'), 'number');
  perform legisync.check_bounds('p_options.graceSeconds', (p_options ->> 'graceSeconds')::numeric, 0, 86400);
  perform (p_options ->> 'before')::timestamptz;
exception when datetime_field_overflow or invalid_datetime_format then
  raise exception 'p_options.before is %: it must be a time, such as 2026-11-24T12:00:00Z.',
    quote_literal(p_options ->> 'before') using errcode = 'invalid_parameter_value';
end
$$;

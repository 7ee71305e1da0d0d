-- Takes a reading, stores it in legisync.coherence_checks and returns it. `p_kind` is `cheap` or `full`.
create or replace function public.legisync_measure_coherence(p_bucket text, p_kind text, p_grace_seconds integer)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '30s'
as $$
declare
  v_began timestamptz := clock_timestamp();
  v_reading jsonb;
begin
  perform legisync.check_bucket(p_bucket);
  perform legisync.check_choice('p_kind', p_kind, 'cheap', 'full');
  perform legisync.check_bounds('p_grace_seconds', p_grace_seconds, 0, 86400);
  v_reading := case p_kind
    when 'cheap' then legisync.cheap_reading(p_bucket)
    else legisync.full_reading(p_bucket, make_interval(secs => p_grace_seconds)) end;
  v_reading := v_reading || jsonb_build_object(
    'bucket', p_bucket, 'graceSeconds', p_grace_seconds, 'at', v_began,
    'seconds', extract(epoch from clock_timestamp() - v_began));
  insert into legisync.coherence_checks (bucket_id, kind, reading, at) values (p_bucket, p_kind, v_reading, v_began);
  delete from legisync.coherence_checks
    where at < now() - interval '90 days'
       or id <= (select id from legisync.coherence_checks order by id desc offset 5000 limit 1);
  return v_reading;
end
$$;
comment on function public.legisync_measure_coherence is 'Part of legisync. Compares Storage and files_queue.';

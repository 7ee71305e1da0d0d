-- Returns the pass in progress. Completes it when nothing is left to do, and begins the next one `p_interval_seconds`
-- after the last one ended. Lanes call this often; an advisory lock lets one of them decide at a time.
create or replace function public.legisync_open_pass(p_collection text, p_sources text[], p_interval_seconds integer)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan set statement_timeout = '20s'
as $$
declare
  v_pass legisync.passes;
  v_now timestamptz;
  v_absences_marked boolean;
  v_open integer;
  v_due integer;
  v_next_due timestamptz;
  v_next_slice timestamptz;
  v_resume timestamptz;
begin
  perform legisync.check_category('p_collection', p_collection);
  perform legisync.check_list('p_sources', p_sources, 1, 1000);
  perform legisync.check_text('an entry of p_sources', s, 1, 200) from unnest(p_sources) s;
  perform legisync.check_bounds('p_interval_seconds', p_interval_seconds, 0, 31536000);
  perform pg_advisory_xact_lock(hashtext('legisync.open_pass'), hashtext(p_collection));
  -- Read after the lock. A caller that waited for the lock must not decide by an outdated time.
  v_now := clock_timestamp();
  select * into v_pass from legisync.passes where collection = p_collection order by pass desc limit 1;

  if v_pass.pass is null or v_pass.completed_at + make_interval(secs => p_interval_seconds) <= v_now then
    v_pass := legisync.begin_pass(p_collection, coalesce(v_pass.pass, 0) + 1, p_sources);
  end if;
  perform legisync.forget_listings(p_collection, v_pass.pass);
  v_absences_marked := v_pass.completed_at is not null or legisync.mark_absent(p_collection, v_pass.pass);

  -- Another lane may release its slice at any moment, so check again in two seconds.
  select count(*), min(greatest(next_attempt_at, case when held_until > v_now then v_now + interval '2 seconds' end))
    into v_open, v_next_slice
    from legisync.slices where collection = p_collection and pass = v_pass.pass and state = 'open';
  select due, next_due into v_due, v_next_due from legisync.count_due(p_collection, v_now);

  if v_pass.completed_at is null and v_open = 0 and v_absences_marked
     and (v_next_due is null or v_next_due > v_now) then
    perform legisync.mark_unlisted(p_collection, v_pass.pass);
    update legisync.passes set completed_at = v_now
      where collection = p_collection and pass = v_pass.pass
      returning * into v_pass;
  end if;

  v_resume := least(
    case when v_open > 0 then v_next_slice
         when v_pass.completed_at is not null then v_pass.completed_at + make_interval(secs => p_interval_seconds) end,
    v_next_due);
  return json_build_object(
    'pass', v_pass.pass,
    'complete', v_pass.completed_at is not null,
    'openSlices', v_open,
    'due', v_due,
    'waitSeconds', greatest(extract(epoch from v_resume - v_now), 2));
end
$$;
comment on function public.legisync_open_pass is 'Part of legisync. Begins, completes and describes passes.';

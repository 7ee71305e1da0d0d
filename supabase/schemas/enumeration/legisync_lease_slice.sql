-- Leases an open slice to a batch for `p_lease_seconds`: the slice that the batch already holds, or else a free one.
-- Null: no slice is available.
--
-- When the lease has ended, any batch may lease the slice. Late calls of the former holder then change nothing: the
-- functions that move a slice compare the holder.
create or replace function public.legisync_lease_slice(
  p_collection text, p_pass integer, p_batch jsonb, p_lease_seconds integer)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '20s'
as $$
declare
  v_batch legisync.batch := legisync.to_batch(p_batch);
  v_now timestamptz := clock_timestamp();
  v legisync.slices;
begin
  perform legisync.check_category('p_collection', p_collection);
  perform legisync.check_bounds('p_pass', p_pass, 1, 2147483647);
  perform legisync.check_bounds('p_lease_seconds', p_lease_seconds, 1, 86400);
  update legisync.slices s set
      holder = v_batch,
      held_since = case when s.holder = v_batch then s.held_since else v_now end,
      held_until = v_now + make_interval(secs => p_lease_seconds)
    from (
      select id from legisync.slices
      where collection = p_collection and pass = p_pass and state = 'open' and next_attempt_at <= v_now
        and (holder = v_batch or legisync.is_free(holder, held_until, v_batch, v_now))
      order by coalesce(holder = v_batch, false) desc, id
      limit 1
      for update skip locked) free
    where s.id = free.id
    returning s.* into v;
  if v.id is null then
    return null;
  end if;
  return json_build_object('id', v.id, 'source', v.source, 'pass', v.pass, 'key', legisync.slice_key(v), 'page', v.page,
                           'round', v.round, 'attempts', v.attempts);
end
$$;
comment on function public.legisync_lease_slice is 'Part of legisync. Leases an open slice to a batch.';

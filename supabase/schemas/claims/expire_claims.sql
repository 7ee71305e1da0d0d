-- Ends what has expired: leases, waits before another attempt, and the retention of ended claims. At most a thousand
-- per call. A call can claim no more than that, so expiry keeps up. Returns how many files are pending again or given up.
create or replace function legisync.expire_claims(s legisync.settings) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_expired text[];
  v_open text[];
  v_locked text[];
  v_rows text[];
  v_spent text[];
  v_again text[];
begin
  if not pg_try_advisory_xact_lock(hashtextextended('legisync.claims', 0)) then
    return 0;
  end if;
  -- First the queue, then the claims: a TRUNCATE of the queue, which removes all claims, locks them in this order.
  lock table public.files_queue in row exclusive mode;
  select array_agg(c.file_path), array_agg(c.file_path) filter (where c.state in ('held', 'waiting'))
    into v_expired, v_open
    from (select file_path, state from legisync.claims
          where coalesce(held_until, due_at) <= v_now order by coalesce(held_until, due_at) limit 1000
          for update skip locked) c;
  if v_expired is null then
    return 0;
  end if;
  v_locked := array(select file_path from public.files_queue where file_path = any (v_open) for update skip locked);
  select coalesce(array_agg(c.file_path) filter (where c.state = 'held' and c.attempts >= s.claim_attempts), '{}'),
         coalesce(array_agg(c.file_path) filter (where c.state <> 'held' or c.attempts < s.claim_attempts), '{}')
    into v_spent, v_again
    from legisync.claims c join public.files_queue f on f.file_path = c.file_path
    where c.file_path = any (v_locked) and f.status::text = s.write_in_progress;

  -- Without its token the former holder is refused from now on.
  update legisync.claims c set
      token = null,
      error = case when c.state = 'held' then format('The lease of %s ended before it finished the file.', c.holder)
                   else c.error end
    where c.file_path = any (v_spent || v_again);
  perform legisync.end_claims(v_spent, 'failed');
  perform legisync.end_claims(v_again, 'returned');
  perform legisync.set_status(v_spent, s.write_failed);
  perform legisync.set_status(v_again, 'pending');

  -- Removes claims whose retention has ended, and claims whose row was deleted or changed by hand. A claim stays for
  -- the next call if another session has locked its row.
  v_rows := array(select file_path from public.files_queue where file_path = any (v_open));
  delete from legisync.claims c
    where c.file_path = any (v_expired) and c.file_path <> all (v_spent || v_again)
      and (c.state not in ('held', 'waiting') or c.file_path = any (v_locked) or c.file_path <> all (v_rows));
  return cardinality(v_spent || v_again);
end
$$;

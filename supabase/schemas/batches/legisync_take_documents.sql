-- Returns the documents of a batch: those that it already holds, and due documents, which it takes, oldest due first.
-- Up to `p_limit` in all. A repeated call returns the same documents, so a lost answer costs nothing. The lock makes a
-- call wait for its own duplicate; without it, both would take a full batch.
create or replace function public.legisync_take_documents(p_category text, p_batch jsonb, p_limit integer)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan set statement_timeout = '20s'
as $$
declare
  v_batch legisync.batch := legisync.to_batch(p_batch);
  v_now timestamptz;
  v_held text[];
  v_taken text[];
begin
  perform legisync.check_category('p_category', p_category);
  perform legisync.check_bounds('p_limit', p_limit, 1, 1000);
  perform pg_advisory_xact_lock(legisync.batch_lock(v_batch));
  v_now := clock_timestamp();
  select coalesce(array_agg(id), '{}') into v_held from (
    select id from legisync.documents
    where holder = v_batch and held_until is not null and category = p_category
    order by held_since, id limit p_limit) held;
  with due as (
    select d.category, d.id from legisync.documents d
    where d.category = p_category and d.next_attempt_at <= v_now
      and legisync.is_free(d.holder, d.held_until, v_batch, v_now)
    order by d.next_attempt_at, d.id
    limit p_limit - cardinality(v_held)
    for update skip locked
  ), taken as (
    update legisync.documents d
      set holder = v_batch, held_since = v_now, held_until = v_now + legisync.batch_lease()
      from due where d.category = due.category and d.id = due.id
      returning d.id
  )
  select coalesce(array_agg(id), '{}') into v_taken from taken;
  return (select coalesce(json_agg(id order by id), '[]') from unnest(v_held || v_taken) id);
end
$$;
comment on function public.legisync_take_documents is 'Part of legisync. Takes due documents into a batch.';

-- Ends a batch in the catalogue: records which documents are stored and which failed. Documents that were not reached
-- stay due. `p_known` are the ids that the caller reported as stored, `p_found` those of them whose object exists. A
-- document whose listing changed after it was taken stays due, because an older version may have been collected.
--
-- Returns the ids that the batch does not hold any more and that are still to be collected. They are not changed.
create or replace function legisync.settle_batch(
  p_bucket text, p_category text, p_batch legisync.batch, p_known text[], p_found text[], p_failures jsonb)
returns text[]
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
declare
  v_held text[];
  v_now timestamptz;
begin
  select coalesce(array_agg(id), '{}') into v_held from (
    select d.id from legisync.documents d
    where d.holder = p_batch and d.held_until is not null and d.category = p_category
    order by d.id for update) held;
  v_now := clock_timestamp();

  update legisync.documents d set
      state = case when legisync.settles(d) then 'stored' else d.state end,
      stored_at = case when legisync.settles(d) then v_now else d.stored_at end,
      content_sha256 = o.user_metadata ->> 'sha256',
      attempts = 0, code = null, message = null,
      next_attempt_at = case when d.next_attempt_at > d.held_since then d.next_attempt_at end,
      holder = null, held_since = null, held_until = null
    from legisync.current_objects() o
    where d.category = p_category and d.id = any (v_held) and d.id = any (p_found)
      and o.bucket_id = p_bucket and o.name = legisync.document_path(p_category, d.id);

  perform legisync.settle_failures(p_category, v_held, v_now, p_failures || coalesce((
    select jsonb_agg(jsonb_build_object(
      'id', id, 'code', 'OBJECT_MISSING', 'retrySeconds', 60, 'maxSeconds', 86400, 'unavailable', false,
      'message', 'The object is not in the bucket, although it was uploaded or existed before.'))
    from unnest(p_known) id where id <> all (p_found)), '[]'));

  update legisync.documents set holder = null, held_since = null, held_until = null
    where category = p_category and id = any (v_held) and held_until is not null;

  return array(
    select d.id from legisync.documents d
    where d.category = p_category and d.id <> all (v_held)
      and d.id = any (p_known || array(select f ->> 'id' from jsonb_array_elements(p_failures) f))
      and (d.held_until is not null or d.next_attempt_at <= v_now)
    order by d.id);
end
$$;

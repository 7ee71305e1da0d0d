-- MAINTENANCE: processes one page of a listing in one transaction. Writes the documents into the catalogue, takes those
-- to re-check into the batch (legisync_take_documents returns them), and moves the source's cursor. The documents are
-- due from now on, because the cursor does not come back for those that the batch does not reach.
--
-- Not taken:
--   * documents that wait after a failure and whose change signal has not changed. Otherwise a document that is never
--     found would cost a request each time that it is listed, instead of one a week.
--   * with `trust`, files from before legisync whose change signal has not changed.
create or replace function public.legisync_take_listed(
  p_bucket text, p_category text, p_batch jsonb, p_source text, p_documents jsonb, p_cursor jsonb, p_adopt text)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan set statement_timeout = '30s'
as $$
declare
  v_batch legisync.batch := legisync.to_batch(p_batch);
  v_discovered integer;
  v_now timestamptz;
  v_ids text[];
begin
  perform legisync.check_text('p_bucket', p_bucket, 1, 100);
  perform legisync.check_category('p_category', p_category);
  perform legisync.check_text('p_source', p_source, 1, 200);
  perform legisync.check_json_list('p_documents', p_documents, 'id', 0, 1000);
  perform legisync.check_choice('the type of p_cursor', jsonb_typeof(p_cursor), 'object');
  perform legisync.check_choice('p_adopt', p_adopt, 'trust', 'refresh');
  v_discovered := legisync.register_documents(p_bucket, p_category, p_source, '', null, p_documents, p_adopt);
  v_ids := array(select l.id from jsonb_to_recordset(p_documents) as l (id text));
  v_now := clock_timestamp();
  with listed as (
    select d.category, d.id from legisync.documents d
    where d.category = p_category and d.id = any (v_ids)
      and (d.state = 'discovered' or d.content_sha256 is not null or p_adopt = 'refresh')
      and (d.next_attempt_at is null or d.next_attempt_at <= v_now)
      and legisync.is_free(d.holder, d.held_until, v_batch, v_now)
    order by d.id
    for update skip locked
  )
  update legisync.documents d
    set holder = v_batch, held_since = v_now, held_until = v_now + legisync.batch_lease(),
        next_attempt_at = least(d.next_attempt_at, v_now)
    from listed where d.category = listed.category and d.id = listed.id;
  insert into legisync.watermarks (collection, source, cursor) values (p_category, p_source, p_cursor)
    on conflict (collection, source) do update set cursor = excluded.cursor, updated_at = now();
  return json_build_object('discovered', v_discovered);
end
$$;
comment on function public.legisync_take_listed is
  'Part of legisync. Takes the documents of a listed page into a batch.';

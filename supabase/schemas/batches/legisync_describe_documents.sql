-- For some documents: whether the batch still holds them, and what Storage has. [{"id", "held", "objectSha256"}, …].
-- The hash is null without an object, and for an object from before legisync. A document that is not held was lost: its
-- lease ended and another batch took it, or the run that took it is over.
create or replace function public.legisync_describe_documents(
  p_bucket text, p_category text, p_batch jsonb, p_ids text[])
returns json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan set statement_timeout = '20s'
as $$
declare
  v_batch legisync.batch := legisync.to_batch(p_batch);
begin
  perform legisync.check_text('p_bucket', p_bucket, 1, 100);
  perform legisync.check_category('p_category', p_category);
  perform legisync.check_list('p_ids', p_ids, 0, 1000);
  return (
    select coalesce(json_agg(json_build_object(
             'id', i.id, 'held', coalesce(d.holder = v_batch, false),
             'objectSha256', o.user_metadata ->> 'sha256')), '[]')
    from unnest(p_ids) as i (id)
    left join legisync.documents d on d.category = p_category and d.id = i.id and d.id = any (p_ids)
    left join legisync.current_objects() o
      on o.bucket_id = p_bucket and o.name = legisync.document_path(p_category, i.id));
end
$$;
comment on function public.legisync_describe_documents is
  'Part of legisync. Which documents a batch holds, and their hashes in Storage.';

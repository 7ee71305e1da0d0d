-- Brings rows up to date with their objects. The caller holds the locks of the rows. The one place that applies the rule
-- of changed content:
--   * content is newer: hash and size are taken over. A finished row becomes pending again, any other one is marked
--     `requeue` (see legisync.keep_requeue);
--   * only the hash is new to the row: it is taken over. A claim on the row stays, and counts on for that hash;
--   * only the size differs: it is taken over with `p_sizes`. It says nothing about the content.
--
-- A row that is pending with newer content loses its claim. The Worker that has it has read the old content: if it could
-- still complete the row, nobody would read the new one. That includes a row that was pending before, because somebody
-- gave it back under the claimant. A claim that was completed stays, so that a repeated call gets its answer.
create or replace function legisync.take_over_content(
  p_bucket text, p_paths text[], p_grace interval, p_sizes boolean,
  out pending_again integer, out requeued integer, out resized integer)
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
begin
  with changed as (
    update public.files_queue f set
        content_sha256 = case when d.newer or d.adopt then d.sha256 else f.content_sha256 end,
        file_size = coalesce(d.size, f.file_size),
        content_at = d.written,
        status = case when d.newer and d.finished then 'pending' else f.status end,
        processed = case when d.newer and d.finished then false else f.processed end,
        requeue = case when d.newer then not d.finished else f.requeue end,
        backfilled = f.backfilled and not d.newer
      from legisync.content_differences(p_bucket, p_paths, p_grace) d
      where f.file_path = d.file_path and f.file_path = any (p_paths) and (d.newer or d.adopt or p_sizes)
      returning f.file_path, f.status = 'pending' as is_pending, d.sha256, d.finished, d.newer, d.adopt
  ), ended as (
    delete from legisync.claims c using changed g
      where c.file_path = g.file_path and c.file_path = any (p_paths)
        and g.newer and g.is_pending and c.state <> 'completed'
  ), kept as (
    update legisync.claims c set content_sha256 = g.sha256 from changed g
      where c.file_path = g.file_path and c.file_path = any (p_paths) and g.adopt
  )
  select count(*) filter (where newer and finished), count(*) filter (where newer and not finished),
         count(*) filter (where not newer and not adopt)
    into pending_again, requeued, resized from changed;
end
$$;

-- Brings rows up to date with their objects. The caller holds the row locks. This is the only place that applies the
-- rule of changed content:
--   * The content is newer: the row gets the object's hash and size. If it was finished it becomes pending again,
--     otherwise it is marked `requeue` (see legisync.keep_requeue).
--   * Only the hash is new to the row: the row gets it. A claim on the row stays, and counts its attempts for that
--     hash.
--   * Only the size differs: the row gets it if `p_sizes` is set. A size says nothing about the content.
--
-- A row that is pending with newer content loses its claim. The claimant has read the old content; if it could still
-- complete the row, no Worker would read the new one. This includes a row that was pending before, because another
-- session set it back under its claimant. A completed claim stays, so that a repeated call gets its answer.
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

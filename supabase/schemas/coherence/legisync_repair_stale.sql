-- One step of a repair of stale rows: among the next `p_step` paths, each stale row is brought up to date with its object
-- (see legisync.take_over_content). A row that is right but for its size gets the size, and is not queued again. `next` and
-- the dry run: as of legisync_repair_dangling.
create or replace function public.legisync_repair_stale(
  p_bucket text, p_grace_seconds integer, p_after text, p_step integer, p_dry_run boolean)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '30s'
as $$
declare
  v_grace interval;
  v_scanned integer;
  v_upto text;
  v_paths text[];
  v_pending integer;
  v_requeued integer;
  v_resized integer;
begin
  perform legisync.check_repair(p_bucket, p_grace_seconds, p_after, p_step, p_dry_run);
  v_grace := make_interval(secs => p_grace_seconds);
  select scanned, upto into v_scanned, v_upto from legisync.next_paths(p_after, p_step);
  v_paths := legisync.find_stale(p_bucket, p_after, v_upto, v_grace);
  if p_dry_run then
    select count(*) filter (where newer and finished), count(*) filter (where newer and not finished),
           count(*) filter (where not newer and not adopt)
      into v_pending, v_requeued, v_resized
      from legisync.content_differences(p_bucket, v_paths, v_grace);
  else
    -- Only what is locked: see legisync.queue_objects.
    v_paths := array(select file_path from public.files_queue where file_path = any (v_paths) order by file_path for update);
    -- A row that is marked has its file again, or it could not be stale.
    perform legisync.restore_dangling(p_bucket, v_paths);
    select pending_again, requeued, resized into v_pending, v_requeued, v_resized
      from legisync.take_over_content(p_bucket, v_paths, v_grace, true);
  end if;
  return json_build_object('scanned', v_scanned, 'pendingAgain', v_pending, 'requeued', v_requeued,
                           'resized', v_resized, 'next', case when v_scanned = p_step then v_upto end);
end
$$;
comment on function public.legisync_repair_stale is 'Part of legisync. Brings stale rows up to date with their files.';

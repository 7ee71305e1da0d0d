-- Repairs stale rows: one chunk, the next `p_size` paths. Each stale row is brought up to date with its object (see
-- legisync.take_over_content). If only the size of a row is wrong, the row gets the right one and is not queued again.
-- `next` and the dry run: as in legisync_repair_dangling.
create or replace function public.legisync_repair_stale(
  p_bucket text, p_grace_seconds integer, p_after text, p_size integer, p_dry_run boolean)
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
  perform legisync.check_repair(p_bucket, p_grace_seconds, p_after, p_size, p_dry_run);
  v_grace := make_interval(secs => p_grace_seconds);
  select scanned, upto into v_scanned, v_upto from legisync.next_paths(p_after, p_size);
  v_paths := legisync.find_stale(p_bucket, p_after, v_upto, v_grace);
  if p_dry_run then
    select count(*) filter (where newer and finished), count(*) filter (where newer and not finished),
           count(*) filter (where not newer and not adopt)
      into v_pending, v_requeued, v_resized
      from legisync.content_differences(p_bucket, v_paths, v_grace);
  else
    -- Only locked rows: see legisync.queue_objects.
    v_paths := array(
      select file_path from public.files_queue where file_path = any (v_paths) order by file_path for update);
    -- A stale row has a file. If the row is marked as dangling, the file is back.
    perform legisync.restore_dangling(p_bucket, v_paths);
    select pending_again, requeued, resized into v_pending, v_requeued, v_resized
      from legisync.take_over_content(p_bucket, v_paths, v_grace, true);
  end if;
  return json_build_object('scanned', v_scanned, 'pendingAgain', v_pending, 'requeued', v_requeued,
                           'resized', v_resized, 'next', case when v_scanned = p_size then v_upto end);
end
$$;
comment on function public.legisync_repair_stale is 'Part of legisync. Brings stale rows up to date with their files.';

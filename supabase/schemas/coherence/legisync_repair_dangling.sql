-- Repairs dangling rows: one chunk, the next `p_size` paths. Deletes nothing.
--   * Dangling rows that are older than the grace time are marked.
--   * Marked rows that are pending get a status that no Worker polls, if the table has one. This includes rows that
--     became pending after they were marked.
--   * Rows whose file is back lose their mark. Those with that status are pending again; a finished row stays finished.
--
-- `next` in the answer is the `p_after` of the next call; null: that was the last chunk. A dry run only counts.
create or replace function public.legisync_repair_dangling(
  p_bucket text, p_grace_seconds integer, p_after text, p_size integer, p_dry_run boolean)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '30s'
as $$
declare
  v_before timestamptz;
  v_scanned integer;
  v_upto text;
  v_gone text[];
  v_back text[];
  v_locked text[];
  v_marked integer;
  v_hidden integer;
  v_restored integer;
begin
  perform legisync.check_repair(p_bucket, p_grace_seconds, p_after, p_size, p_dry_run);
  v_before := now() - make_interval(secs => p_grace_seconds);
  select scanned, upto into v_scanned, v_upto from legisync.next_paths(p_after, p_size);
  select gone, back into v_gone, v_back from legisync.find_dangling(p_bucket, p_after, v_upto, v_before);
  if p_dry_run then
    select count(*) filter (where f.dangling_since is null),
           count(*) filter (where f.status = 'pending' and s.write_dangling is not null),
           cardinality(v_back)
      into v_marked, v_hidden, v_restored
      from public.files_queue f cross join legisync.settings s where f.file_path = any (v_gone);
  else
    -- Only locked rows: see legisync.queue_objects. Both functions check again which rows concern them.
    v_locked := array(
      select file_path from public.files_queue where file_path = any (v_gone || v_back) order by file_path for update);
    select marked, hidden into v_marked, v_hidden from legisync.mark_dangling(p_bucket, v_locked, v_before);
    v_restored := legisync.restore_dangling(p_bucket, v_locked);
  end if;
  return json_build_object('scanned', v_scanned, 'marked', v_marked, 'hidden', v_hidden,
                           'takenBack', v_restored, 'next', case when v_scanned = p_size then v_upto end);
end
$$;
comment on function public.legisync_repair_dangling is 'Part of legisync. Marks rows whose file is gone.';

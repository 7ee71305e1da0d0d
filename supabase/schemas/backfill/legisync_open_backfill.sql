-- Begins a run or resumes the unfinished one. `p_start` is `new`, `resume`, or `restart`, which abandons the unfinished
-- run. The owner of the unfinished run gets it for any `p_start`, so the call can be repeated. If the answer has no
-- `run`, its `refused` says why.
create or replace function public.legisync_open_backfill(p_bucket text, p_owner text, p_start text, p_options jsonb)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '30s'
as $$
declare
  r legisync.backfill_runs;
begin
  perform legisync.check_text('p_bucket', p_bucket, 1, 100);
  perform legisync.check_text('p_owner', p_owner, 1, 1000);
  perform legisync.check_choice('p_start', p_start, 'new', 'resume', 'restart');
  perform legisync.check_backfill_options(p_options);
  perform pg_advisory_xact_lock(legisync.backfill_lock(p_bucket));
  -- Otherwise a misspelt name would end in success, with nothing queued and nothing missing.
  if not exists (select from storage.buckets where id = p_bucket) then
    return json_build_object('refused', 'no such bucket');
  end if;
  select * into r from legisync.backfill_runs where bucket_id = p_bucket and state = 'running';
  if found then
    if p_start = 'new' and r.owner <> p_owner then
      return json_build_object('refused', 'unfinished', 'unfinished', legisync.backfill_json(r));
    elsif p_start = 'resume' or r.owner = p_owner then
      update legisync.backfill_runs set owner = p_owner where id = r.id;
      return json_build_object('run', legisync.backfill_json(r));
    end if;
    update legisync.backfill_runs set state = 'abandoned' where id = r.id;
  elsif p_start = 'resume' then
    return json_build_object('refused', 'nothing unfinished');
  end if;
  if (p_options ->> 'allAtOnce')::boolean
     and (select count(*) from (select from storage.objects where bucket_id = p_bucket limit 100001) o) > 100000 then
    return json_build_object('refused', 'too many files');
  end if;
  insert into legisync.backfill_runs (bucket_id, kind, prefix, finished, before, grace, owner, phase)
    values (p_bucket, p_options ->> 'kind', p_options ->> 'prefix', (p_options ->> 'finished')::boolean,
            (p_options ->> 'before')::timestamptz,
            make_interval(secs => (p_options ->> 'graceSeconds')::double precision),
            p_owner, p_options ->> 'kind')
    returning * into r;
  -- Keeps the last twenty runs as a history.
  delete from legisync.backfill_runs where bucket_id = p_bucket and id not in (
    select id from legisync.backfill_runs where bucket_id = p_bucket order by id desc limit 20);
  return json_build_object('run', legisync.backfill_json(r));
end
$$;
comment on function public.legisync_open_backfill is 'Part of legisync. Begins or resumes a backfill of files_queue.';

-- The last run of a bucket, in any state. Null: there was none.
create or replace function public.legisync_last_backfill(p_bucket text)
returns json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '20s'
as $$
begin
  perform legisync.check_bucket(p_bucket);
  return (
    select legisync.backfill_json(r) from legisync.backfill_runs r where bucket_id = p_bucket order by id desc limit 1);
end
$$;
comment on function public.legisync_last_backfill is 'Part of legisync. The last backfill of a bucket.';

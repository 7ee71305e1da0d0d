-- How many objects a bucket holds.
create or replace function public.legisync_count_objects(p_bucket text)
returns json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '20s'
as $$
begin
  perform legisync.check_text('p_bucket', p_bucket, 1, 100);
  return (select to_json(count(*)) from storage.objects where bucket_id = p_bucket);
end
$$;
comment on function public.legisync_count_objects is 'Part of legisync. How many objects a bucket holds.';

-- Raises P0002 if Storage has no such bucket, and 22023 if the name is missing. Without this check a misspelt bucket
-- would look coherent, because it has no files and so nothing is missing.
create or replace function legisync.check_bucket(p_bucket text) returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  perform legisync.check_text('p_bucket', p_bucket, 1, 100);
  if not exists (select from storage.buckets where id = p_bucket) then
    raise exception
      'Storage has no bucket %: correct LEGISYNC_BUCKET, or create the bucket with `legisync up`.', p_bucket
      using errcode = 'no_data_found';
  end if;
end
$$;

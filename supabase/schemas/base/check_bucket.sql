-- Raises P0002 if Storage has no such bucket, and 22023 if none is given. Without this a misspelt name would look
-- coherent: nothing is there, and nothing is missing.
create or replace function legisync.check_bucket(p_bucket text) returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  perform legisync.check_text('p_bucket', p_bucket, 1, 100);
  if not exists (select from storage.buckets where id = p_bucket) then
    raise exception 'Storage has no bucket %: correct LEGISYNC_BUCKET, or let `legisync up` create it.', p_bucket
      using errcode = 'no_data_found';
  end if;
end
$$;

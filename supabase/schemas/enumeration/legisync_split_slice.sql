-- Replaces a slice by finer ones, whose keys are as legisync.slice_key returns them. Answers `lost`, and changes
-- nothing, if the slice is already split or another batch holds it.
create or replace function public.legisync_split_slice(p_slice bigint, p_batch jsonb, p_keys jsonb)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '20s'
as $$
declare
  v legisync.slices := legisync.lock_slice(p_slice, p_batch);
begin
  perform legisync.check_keys(p_keys);
  if v.id is null then
    return json_build_object('outcome', 'lost');
  end if;
  if p_keys @> jsonb_build_array(legisync.slice_key(v)) then
    raise exception 'p_keys contains the slice itself, so nothing would replace it.'
      using errcode = 'invalid_parameter_value';
  end if;
  insert into legisync.slices (collection, pass, source, kind, code_id, window_from, window_to)
    select v.collection, v.pass, v.source, k.kind, k.code, k."from", k."to"
    from jsonb_to_recordset(p_keys) as k (kind text, code text, "from" date, "to" date)
    on conflict do nothing;
  update legisync.slices set state = 'split', holder = null, held_since = null, held_until = null where id = v.id;
  delete from legisync.listing_documents where slice = v.id;
  delete from legisync.listing_rounds where slice = v.id;
  return json_build_object('outcome', 'split');
end
$$;
comment on function public.legisync_split_slice is 'Part of legisync. Replaces a slice by finer ones.';

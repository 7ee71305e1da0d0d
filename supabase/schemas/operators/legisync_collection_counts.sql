-- A collection's counts: documents by state, failures by code, unavailable documents by source and code of law, and
-- parked slices, with the first twenty of each. Reads the collection's whole catalogue: about 1 s for a million documents.
create or replace function public.legisync_collection_counts(p_collection text)
returns json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '30s'
as $$
declare
  v_pass legisync.passes;
begin
  perform legisync.check_category('p_collection', p_collection);
  select * into v_pass from legisync.passes where collection = p_collection order by pass desc limit 1;
  return json_build_object(
    'pass', coalesce(v_pass.pass, 0),
    'passComplete', v_pass.completed_at is not null,
    'documents', (select coalesce(json_object_agg(state, n), '{}') from (
      select state, count(*) as n from legisync.documents where category = p_collection group by state) d),
    'failures', (select coalesce(json_object_agg(code, n), '{}') from (
      select code, count(*) as n from legisync.documents
      where category = p_collection and state in ('failed', 'unavailable', 'withdrawn') group by code) f),
    'unavailable', (select coalesce(json_agg(json_build_object('source', source, 'code', code_id, 'count', n)), '[]')
      from (select source, code_id, count(*) as n from legisync.documents
            where category = p_collection and state = 'unavailable'
            group by source, code_id order by n desc, source, code_id limit 20) u),
    'openSlices', (select count(*) from legisync.slices
      where collection = p_collection and pass = v_pass.pass and state = 'open'),
    'parkedSliceCount', (select count(*) from legisync.slices
      where collection = p_collection and pass = v_pass.pass and state = 'parked'),
    'parkedSlices', (select coalesce(json_agg(json_build_object(
        'source', p.source, 'key', p.key, 'code', p.code, 'message', p.message) order by p.id), '[]')
      from (select s.id, s.source, legisync.slice_key(s) as key, s.code, s.message from legisync.slices s
            where s.collection = p_collection and s.pass = v_pass.pass and s.state = 'parked'
            order by s.id limit 20) p));
end
$$;
comment on function public.legisync_collection_counts is 'Part of legisync. Counts of a collection.';

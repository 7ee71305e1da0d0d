-- What operators set and see.

create or replace function public.collection_controls(p_collection text)
returns json
language sql security definer
set search_path = '' set statement_timeout = '20s'
as $$ select json_build_object('paused', paused, 'lanes', lanes) from legisync.controls where collection = p_collection $$;

create or replace function public.save_collection_controls(p_collection text, p_paused boolean, p_lanes integer)
returns json
language sql security definer
set search_path = '' set statement_timeout = '20s'
as $$
  insert into legisync.controls as c (collection, paused, lanes) values (p_collection, p_paused, p_lanes)
    on conflict (collection) do update set paused = excluded.paused, lanes = excluded.lanes, updated_at = now()
    returning json_build_object('paused', c.paused, 'lanes', c.lanes)
$$;

-- A collection in counts: documents by state, failures by code, how many slices were parked, and the first twenty of
-- them. About half a second a million documents.
create or replace function public.collection_counts(p_collection text)
returns json
language sql security definer
set search_path = '' set statement_timeout = '30s'
as $$
  with latest as (
    select pass, completed_at from legisync.passes where collection = p_collection order by pass desc limit 1
  ), slices as (
    select s.* from legisync.slices s join latest using (pass) where s.collection = p_collection
  )
  select json_build_object(
    'pass', coalesce((select pass from latest), 0),
    'passComplete', coalesce((select completed_at is not null from latest), false),
    'documents', (select coalesce(json_object_agg(state, n), '{}') from (
      select state, count(*) as n from legisync.documents where category = p_collection group by state) d),
    'failures', (select coalesce(json_object_agg(code, n), '{}') from (
      select code, count(*) as n from legisync.documents
      where category = p_collection and state in ('failed', 'withdrawn') group by code) f),
    'openSlices', (select count(*) from slices where state = 'open'),
    'parkedSliceCount', (select count(*) from slices where state = 'parked'),
    'parkedSlices', (select coalesce(json_agg(json_build_object(
        'source', source, 'key', key, 'code', code, 'message', message) order by id), '[]')
      from (select * from slices where state = 'parked' order by id limit 20) p))
$$;

call legisync.reserve_for_service(array[
  'public.collection_controls(text)',
  'public.save_collection_controls(text, boolean, integer)',
  'public.collection_counts(text)']);

-- PostgREST keeps functions and their settings in a cache.
notify pgrst, 'reload schema';

-- Batches: which documents a lane works on, what Storage holds for them, and what MAINTENANCE looks at again.

-- Whether a document may be claimed by (owner, chain): it is free, held by a chain of the same workflow that is over
-- (terminated, or lost with Temporal's database), or held for longer than any batch in work. One hour is far beyond a
-- batch of 100; a batch that an outage holds up longer may be collected twice, which only costs requests.
create or replace function legisync.claimable(d legisync.documents, p_owner text, p_chain text) returns boolean
language sql stable
set search_path = ''
as $$
  select d.taken_by is null
      or (d.taken_by = p_owner and d.taken_chain <> p_chain)
      or d.taken_at < clock_timestamp() - interval '1 hour'
$$;
revoke execute on function legisync.claimable(legisync.documents, text, text)
  from public, anon, authenticated, service_role;

-- The documents of a batch: those that it holds, and due ones claimed for it, oldest first, up to `p_limit` in all. The
-- same batch gets the same documents again, so an answer that was lost costs nothing; the lock makes a call wait for its
-- own twin, or each would claim a whole batch. Plan: index scan on documents_due; about 1 ms for 100 of a million.
create or replace function public.take_documents(
  p_category text, p_owner text, p_chain text, p_sequence integer, p_limit integer)
returns json
language plpgsql security definer
set search_path = '' set statement_timeout = '20s'
as $$
declare
  v_held text[];
  v_taken text[];
begin
  perform pg_advisory_xact_lock(hashtext('legisync.take_documents'), hashtext(p_owner || p_chain || p_sequence));
  select coalesce(array_agg(id), '{}') into v_held from (
    select id from legisync.documents
    where taken_by = p_owner and taken_chain = p_chain and taken_sequence = p_sequence and category = p_category
    order by taken_at, id limit p_limit) held;
  with due as (
    select d.category, d.id from legisync.documents d
    where d.category = p_category and d.next_attempt_at <= clock_timestamp() and legisync.claimable(d, p_owner, p_chain)
    order by d.next_attempt_at, d.id
    limit greatest(p_limit - cardinality(v_held), 0)
    for update skip locked
  ), taken as (
    update legisync.documents d
      set taken_by = p_owner, taken_chain = p_chain, taken_sequence = p_sequence, taken_at = clock_timestamp()
      from due where d.category = due.category and d.id = due.id
      returning d.id
  )
  select coalesce(array_agg(id), '{}') into v_taken from taken;
  return (select coalesce(json_agg(id order by id), '[]') from unnest(v_held || v_taken) id);
end
$$;

-- MAINTENANCE: one page of a listing. Writes the documents into the catalogue, claims those to look at again for the
-- batch (returned by take_documents), and moves the source's cursor, in one transaction. They are due from now on: the
-- cursor will not come back for what the batch does not reach. Left alone are documents that wait after a failure and
-- whose signal stands still, or "not found" would be believed without its hour between two questions; and, under
-- `trust`, files of before legisync whose signal stands still.
create or replace function public.take_listed(
  p_bucket text, p_category text, p_owner text, p_chain text, p_sequence integer,
  p_source text, p_documents jsonb, p_cursor jsonb, p_adopt text)
returns json
language plpgsql security definer
set search_path = '' set statement_timeout = '30s'
as $$
declare
  v_discovered integer;
begin
  v_discovered := legisync.register(p_bucket, p_category, p_source, null, p_documents, p_adopt);
  with listed as (
    select d.category, d.id from legisync.documents d
    where d.category = p_category
      and d.id = any (array(select l.id from jsonb_to_recordset(p_documents) as l (id text)))
      and (d.state = 'discovered' or d.content_sha256 is not null or p_adopt = 'refresh')
      and (d.next_attempt_at is null or d.next_attempt_at <= clock_timestamp())
      and legisync.claimable(d, p_owner, p_chain)
    order by d.id
    for update skip locked
  )
  update legisync.documents d
    set taken_by = p_owner, taken_chain = p_chain, taken_sequence = p_sequence, taken_at = clock_timestamp(),
        next_attempt_at = least(d.next_attempt_at, now())
    from listed where d.category = listed.category and d.id = listed.id;
  insert into legisync.watermarks (collection, source, cursor) values (p_category, p_source, p_cursor)
    on conflict (collection, source) do update set cursor = excluded.cursor, updated_at = now();
  return json_build_object('discovered', v_discovered);
end
$$;

-- Where MAINTENANCE goes on in a source; null before its first run.
create or replace function public.maintenance_cursor(p_collection text, p_source text)
returns jsonb
language sql security definer
set search_path = '' set statement_timeout = '20s'
as $$ select cursor from legisync.watermarks where collection = p_collection and source = p_source $$;

-- What Storage holds for these documents: [{"id", "objectSha256"}, …]; null where there is no object, or one of before.
create or replace function public.describe_documents(p_bucket text, p_category text, p_ids text[])
returns json
language sql security definer
set search_path = '' set statement_timeout = '20s'
as $$
  select coalesce(json_agg(json_build_object(
           'id', i.id, 'objectSha256', o.user_metadata ->> 'sha256')), '[]')
  from unnest(p_ids) as i (id)
  left join storage.objects o on o.bucket_id = p_bucket and o.name = legisync.document_path(p_category, i.id)
$$;

call legisync.reserve_for_service(array[
  'public.take_documents(text, text, text, integer, integer)',
  'public.take_listed(text, text, text, text, integer, text, jsonb, jsonb, text)',
  'public.maintenance_cursor(text, text)',
  'public.describe_documents(text, text, text[])']);

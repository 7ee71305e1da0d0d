-- Enumeration: passes, slices, and the way of listed ids into the catalogue. Each function is one transaction, may be
-- repeated, and returns one JSON value (the API cuts sets at 1,000 rows without a word).

-- The pass in work. Ends it when nothing is left, begins the next one `p_interval_seconds` after the end of the last.
-- Lanes call this often: the lock makes one of them decide at a time.
create or replace function public.open_pass(p_collection text, p_sources text[], p_interval_seconds integer)
returns json
language plpgsql security definer
set search_path = '' set statement_timeout = '20s'
as $$
declare
  v_pass legisync.passes;
  v_open integer;
  v_due integer;
  v_next_due timestamptz;
  v_next_slice timestamptz;
  v_resume timestamptz;
  v_soon timestamptz;
begin
  perform pg_advisory_xact_lock(hashtext('legisync.open_pass'), hashtext(p_collection));
  -- After the lock: whoever waited for it would otherwise be told to come back at a time that is over.
  v_soon := clock_timestamp() + interval '2 seconds';
  select * into v_pass from legisync.passes where collection = p_collection order by pass desc limit 1;

  if v_pass.pass is null
     or v_pass.completed_at + make_interval(secs => p_interval_seconds) <= clock_timestamp() then
    insert into legisync.passes (collection, pass) values (p_collection, coalesce(v_pass.pass, 0) + 1)
      returning * into v_pass;
    insert into legisync.slices (collection, pass, source)
      select p_collection, v_pass.pass, s from unnest(p_sources) s;
    -- The last pass stays for those who ask what was parked; older ones have nothing to tell.
    delete from legisync.passes where collection = p_collection and pass < v_pass.pass - 1;
  end if;

  -- A slice in another lane's hands may be given back any moment: worth a look in two seconds.
  select count(*), min(greatest(next_attempt_at, case when held_until > clock_timestamp() then v_soon end))
    into v_open, v_next_slice
    from legisync.slices where collection = p_collection and pass = v_pass.pass and state = 'open';
  select count(*) into v_due from (
    select from legisync.documents
    where category = p_collection and next_attempt_at <= clock_timestamp() and taken_by is null limit 1000) d;
  select min(next_attempt_at) into v_next_due
    from legisync.documents where category = p_collection and next_attempt_at is not null;

  if v_pass.completed_at is null and v_open = 0 and (v_next_due is null or v_next_due > clock_timestamp()) then
    update legisync.passes set completed_at = clock_timestamp()
      where collection = p_collection and pass = v_pass.pass
      returning * into v_pass;
  end if;

  v_resume := least(
    case when v_open > 0 then v_next_slice
         when v_pass.completed_at is not null then v_pass.completed_at + make_interval(secs => p_interval_seconds) end,
    v_next_due);
  return json_build_object(
    'pass', v_pass.pass,
    'complete', v_pass.completed_at is not null,
    'openSlices', v_open,
    'due', v_due,
    'waitSeconds', greatest(extract(epoch from v_resume - clock_timestamp()), 2));
end
$$;

-- An open slice for `p_holder`, the one it has already or a free one; null where there is none. A holder of which
-- nothing is heard for `p_lease_seconds` may lose it to the next who asks. From then on its late calls change nothing:
-- the functions that move a slice compare the holder.
create or replace function public.claim_slice(p_collection text, p_pass integer, p_holder text, p_lease_seconds integer)
returns json
language sql security definer
set search_path = '' set statement_timeout = '20s'
as $$
  with free as (
    select id from legisync.slices
    where collection = p_collection and pass = p_pass and state = 'open' and next_attempt_at <= clock_timestamp()
      and (held_by is null or held_by = p_holder or held_until < clock_timestamp()
           -- Holders are owner/chain/number. A chain of the same owner that is over holds nothing any more.
           or (split_part(held_by, '/', 1) = split_part(p_holder, '/', 1)
               and split_part(held_by, '/', 2) <> split_part(p_holder, '/', 2)))
    order by held_by is not distinct from p_holder desc, id
    limit 1
    for update skip locked
  )
  update legisync.slices s
    set held_by = p_holder, held_until = clock_timestamp() + make_interval(secs => p_lease_seconds),
        lease = make_interval(secs => p_lease_seconds)
    from free where s.id = free.id
    returning json_build_object('id', s.id, 'source', s.source, 'pass', s.pass, 'key', s.key, 'page', s.page,
                                'round', s.round, 'attempts', s.attempts, 'holder', s.held_by)
$$;

-- Replaces a slice by finer ones. A late twin finds it split, or in other hands, and changes nothing.
create or replace function public.split_slice(p_slice bigint, p_holder text, p_keys jsonb)
returns json
language plpgsql security definer
set search_path = '' set statement_timeout = '20s'
as $$
declare
  v legisync.slices;
begin
  select * into v from legisync.slices where id = p_slice for update;
  if v.state = 'open' and v.held_by = p_holder then
    insert into legisync.slices (collection, pass, source, key)
      select v.collection, v.pass, v.source, k from jsonb_array_elements(p_keys) k
      on conflict do nothing;
    update legisync.slices set state = 'split', held_by = null, held_until = null where id = p_slice;
    delete from legisync.slice_documents where slice = p_slice;
  end if;
  return json_build_object('state', (select state from legisync.slices where id = p_slice));
end
$$;

-- Gives a slice back: to be tried again in `p_retry_seconds`, or, with null, parked with its reason. `p_attempts` is how
-- many failures the caller knew of: a late twin finds one more, or another holder, and changes nothing.
create or replace function public.fail_slice(
  p_slice bigint, p_holder text, p_attempts integer, p_code text, p_message text, p_retry_seconds double precision)
returns json
language plpgsql security definer
set search_path = '' set statement_timeout = '20s'
as $$
begin
  update legisync.slices
    set attempts = attempts + 1, code = p_code, message = left(p_message, 500), held_by = null, held_until = null,
        state = case when p_retry_seconds is null then 'parked' else state end,
        next_attempt_at = clock_timestamp() + make_interval(secs => coalesce(p_retry_seconds, 0))
    where id = p_slice and state = 'open' and held_by = p_holder and attempts = p_attempts;
  return json_build_object('state', (select state from legisync.slices where id = p_slice));
end
$$;

-- Listed documents into the catalogue: `p_documents` is [{"id", "revision"}, …]. Returns how many are new.
--   * New, and an object without a hash is there: it was collected before legisync. With `trust` it is known and done.
--   * Known, and the change signal moved: due again, and its failures are forgotten. With `refresh`, so is a file of
--     before legisync.
--   * Known, and gone from the listing before: it is back, as it was; due, if what it had to tell was not collected.
-- Several sources may list a document. The signal of one counts, its owner's: two would be compared with each other, and
-- move all the time. The document passes to the next source that lists it when its owner is no source of the pass any
-- more (renamed, removed), or has not listed it in the last complete pass. What moved meanwhile shows in the signal, so
-- it is compared then as well; where the two sources word it differently, that costs one request.
-- Rows are written in key order, so that two enumerations that share ids cannot deadlock.
create or replace function legisync.register(
  p_bucket text, p_category text, p_source text, p_pass integer, p_documents jsonb, p_adopt text) returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_discovered integer;
  v_pass integer;
  v_complete integer;
  v_sources text[];
begin
  select coalesce(p_pass, max(pass)), max(pass) filter (where completed_at is not null) into v_pass, v_complete
    from legisync.passes where collection = p_category;
  v_sources := array(
    select source from legisync.slices where collection = p_category and pass = v_pass and key = '{}');
  with listed as (
    select distinct on (d.id) d.id, d.revision
    from jsonb_to_recordset(p_documents) as d (id text, revision text)
    order by d.id
  ), written as (
    insert into legisync.documents as c
      (category, id, source, source_seen_pass, revision, state, next_attempt_at, seen_pass, stored_at)
    -- MAINTENANCE has no pass: what it lists is as good as listed in the last complete one.
    select p_category, l.id, p_source, coalesce(p_pass, v_complete, 0), l.revision,
           case when o.id is null then 'discovered' else 'stored' end,
           case when o.id is null then clock_timestamp() end,
           p_pass,
           o.updated_at
    from listed l
    left join storage.objects o
      on p_adopt = 'trust' and o.bucket_id = p_bucket and o.name = legisync.document_path(p_category, l.id)
        and o.user_metadata ->> 'sha256' is null
    order by l.id
    on conflict (category, id) do update set
      seen_pass = coalesce(excluded.seen_pass, c.seen_pass),
      (source, source_seen_pass, revision, state, next_attempt_at, attempts, code, message, stored_at) = (
        select
          case when counts then excluded.source else c.source end,
          case when counts then greatest(c.source_seen_pass, excluded.source_seen_pass) else c.source_seen_pass end,
          case when counts then excluded.revision else c.revision end,
          case when fresh then 'discovered'
               when c.state <> 'superseded' then c.state
               when c.code is not null then 'failed'
               when c.stored_at is null then 'discovered'
               else 'stored' end,
          case when fresh or (c.state = 'superseded' and (c.code is not null or c.stored_at is null))
               then clock_timestamp() else c.next_attempt_at end,
          case when fresh then 0 else c.attempts end,
          case when not fresh then c.code end,
          case when not fresh then c.message end,
          case when not fresh then c.stored_at end
        from (
          select counts, (counts and c.revision is distinct from excluded.revision)
                      or (p_adopt = 'refresh' and c.state = 'stored' and c.content_sha256 is null) as fresh
          from (
            select c.source = excluded.source or c.state = 'superseded'
                or coalesce(c.source_seen_pass < v_complete, false)
                or (v_pass is not null and split_part(c.source, ':', 1) <> all (v_sources)) as counts) owner) signal)
    returning xmax = 0 as inserted
  )
  select count(*) filter (where inserted) into v_discovered from written;
  return v_discovered;
end
$$;
revoke execute on function legisync.register(text, text, text, integer, jsonb, text)
  from public, anon, authenticated, service_role;

-- One step of a slice's enumeration: documents into the catalogue, and the slice moved, in one transaction. A late twin
-- never moves it back, and one that is not the holder any more changes nothing at all.
--
-- `p_release` gives the slice to whoever comes next; else the lease begins anew. `p_end` ends the round, and releases. A
-- slice whose answer is atomic (`p_single`: a table of contents) is complete then, and what it listed before and lists
-- no more is superseded. Pages of a search may shift while they are read, so a search is complete when two rounds in a
-- row gave the same ids; after eight that did not, it is parked, with the reason.
create or replace function public.register_slice(
  p_bucket text, p_slice bigint, p_holder text, p_round integer, p_documents jsonb, p_page integer, p_end boolean,
  p_single boolean, p_release boolean, p_adopt text)
returns json
language plpgsql security definer
set search_path = '' set statement_timeout = '30s'
as $$
declare
  v legisync.slices;
  v_source text;
  v_discovered integer;
  v_same boolean;
begin
  select * into v from legisync.slices where id = p_slice for update;
  if v.state is distinct from 'open' or v.round <> p_round or v.held_by is distinct from p_holder then
    return json_build_object('discovered', 0, 'complete', true);
  end if;
  v_source := v.source || coalesce(':' || (v.key ->> 'code'), '');
  v_discovered := legisync.register(p_bucket, v.collection, v_source, v.pass, p_documents, p_adopt);

  if not p_single then
    insert into legisync.slice_documents (slice, round, id)
      select distinct p_slice, p_round, d.id from jsonb_to_recordset(p_documents) as d (id text) order by d.id
      on conflict do nothing;
  end if;

  if not p_end then
    update legisync.slices
      set page = greatest(page, p_page), attempts = 0, held_by = case when p_release then null else held_by end,
          held_until = case when not p_release then clock_timestamp() + lease end
      where id = p_slice;
    return json_build_object('discovered', v_discovered, 'complete', false);
  end if;

  if p_single then
    v_same := true;
    -- A code's table of contents shows all of it. Other slices with one answer list nothing, so they say nothing of it.
    if v.key ? 'code' then
      update legisync.documents set state = 'superseded', next_attempt_at = null
        where category = v.collection and source = v_source and seen_pass < v.pass
          and state in ('discovered', 'stored', 'failed');
    end if;
  else
    v_same := p_round > 1 and not exists (
      select id from legisync.slice_documents where slice = p_slice and round in (p_round - 1, p_round)
      group by id having count(*) = 1);
    delete from legisync.slice_documents where slice = p_slice and (v_same or round < p_round);
  end if;
  update legisync.slices
    set state = case when v_same then 'complete' when round >= 8 then 'parked' else 'open' end,
        code = case when not v_same and round >= 8 then 'ENUMERATION_UNSTABLE' end,
        message = case when not v_same and round >= 8 then 'Eight enumerations in a row gave different documents.' end,
        round = round + 1, page = 1, attempts = 0, held_by = null, held_until = null
    where id = p_slice;
  return json_build_object('discovered', v_discovered, 'complete', v_same);
end
$$;

call legisync.reserve_for_service(array[
  'public.open_pass(text, text[], integer)',
  'public.claim_slice(text, integer, text, integer)',
  'public.split_slice(bigint, text, jsonb)',
  'public.fail_slice(bigint, text, integer, text, text, double precision)',
  'public.register_slice(text, bigint, text, integer, jsonb, integer, boolean, boolean, boolean, text)']);

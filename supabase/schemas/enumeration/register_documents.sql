-- Writes listed documents into the catalogue, and returns how many are new. `p_documents` is [{"id", "revision"}, …];
-- `p_pass` is null for MAINTENANCE. A known document is written only if the listing changes it (see legisync.relisted),
-- so a pass without changes writes nothing here.
--
-- A new document whose object exists without a hash was collected before legisync. With `trust` it counts as stored.
-- Documents are written in the order of their ids, so that two enumerations cannot deadlock.
create or replace function legisync.register_documents(
  p_bucket text, p_category text, p_source text, p_code_id text, p_pass integer, p_documents jsonb, p_adopt text)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
declare
  v_ids text[];
  v_revisions text[];
  v_known text[];
  v_pass integer;
  v_complete integer;
  v_sources text[];
  v_discovered integer;
  v_changed text[];
  v_now timestamptz := clock_timestamp();
begin
  select array_agg(l.id order by l.id), array_agg(l.revision order by l.id) into v_ids, v_revisions
    from (select distinct on (d.id) d.id, d.revision
          from jsonb_to_recordset(p_documents) as d (id text, revision text) order by d.id) l;
  if v_ids is null then
    return 0;
  end if;
  select coalesce(p_pass, max(pass)), max(pass) filter (where completed_at is not null) into v_pass, v_complete
    from legisync.passes where collection = p_category;
  if v_pass is not null then
    v_sources := array(
      select source from legisync.slices where collection = p_category and pass = v_pass and kind = 'source');
  end if;

  v_known := array(select id from legisync.documents where category = p_category and id = any (v_ids));
  insert into legisync.documents (category, id, source, code_id, revision, state, next_attempt_at, stored_at)
    select p_category, l.id, p_source, p_code_id, l.revision,
           case when o.id is null then 'discovered' else 'stored' end,
           case when o.id is null then v_now end,
           o.updated_at
    from unnest(v_ids, v_revisions) as l (id, revision)
    left join legisync.current_objects() o
      on p_adopt = 'trust' and o.bucket_id = p_bucket and o.name = legisync.document_path(p_category, l.id)
        and o.user_metadata ->> 'sha256' is null
    where l.id <> all (v_known)
    order by l.id
    on conflict do nothing;
  get diagnostics v_discovered = row_count;

  select array_agg(id) into v_changed from (
    select d.id from legisync.documents d join unnest(v_ids, v_revisions) as l (id, revision) on l.id = d.id
    where d.category = p_category and d.id = any (v_ids)
      and legisync.relisted(d, p_source, p_code_id, l.revision, p_adopt, v_complete, v_sources, v_now)
          is distinct from d
    order by d.id for update of d) c;
  if v_changed is not null then
    update legisync.documents d set
        (source, code_id, revision, state, next_attempt_at, attempts, code, message, absent_since, stored_at) = (
          select r.source, r.code_id, r.revision, r.state, r.next_attempt_at, r.attempts, r.code, r.message,
                 r.absent_since, r.stored_at
          from legisync.relisted(d, p_source, p_code_id, l.revision, p_adopt, v_complete, v_sources, v_now) r)
      from unnest(v_ids, v_revisions) as l (id, revision)
      where d.category = p_category and d.id = l.id and d.id = any (v_changed);
  end if;
  return v_discovered;
end
$$;

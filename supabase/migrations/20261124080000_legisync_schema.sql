-- The schema `legisync`: what the collector knows. It is not exposed by the API: its tables are reached only through
-- the functions of `public` that the following migrations make. Running this file twice changes nothing.

create schema if not exists legisync;
revoke all on schema legisync from public;

-- What the functions need to know of an installation; written by `legisync migrate`. One row.
create table if not exists legisync.settings (
  only_row boolean primary key default true check (only_row),
  -- Words of `files_queue.status` for "the Worker has finished", whatever the outcome.
  status_done text[] not null default '{processed,done,completed,failed,error}',
  -- Words for "a Worker is at it".
  status_in_work text[] not null default '{processing,in_progress,claimed}',
  -- Those of `status_done` that mean "given up".
  status_failed text[] not null default '{failed,error}',
  -- The word of each kind that legisync itself writes: the first that the table takes, see legisync.learn_words; null:
  -- it takes none.
  word_done text,
  word_in_work text,
  word_failed text,
  word_dangling text
);
insert into legisync.settings default values on conflict do nothing;

-- The catalogue: every document that an enumeration has shown, and what became of it. A document's state here is the
-- checkpoint of its collection: a crash anywhere leaves it to be taken again.
create table if not exists legisync.documents (
  category text not null check (category ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
  id text not null check (id ~ '^[A-Z]{8}[0-9]{12}$'),
  -- The source whose change signal counts, for a code `source:LEGITEXT…`; see legisync.register.
  source text not null,
  -- The last pass in which that source listed it.
  source_seen_pass integer not null default 0,
  -- The change signal of the listing: while it stands still, the document costs no consult.
  revision text,
  state text not null check (state in ('discovered', 'stored', 'failed', 'withdrawn', 'superseded')),
  -- The object's hash when it was last seen; null for what was there before legisync.
  content_sha256 text,
  attempts integer not null default 0,
  -- Why the last attempt failed: a code of the taxonomy, and a text without secrets.
  code text,
  message text,
  -- When the document is due. Null: nothing to do.
  next_attempt_at timestamptz,
  -- The last pass in which any source listed it.
  seen_pass integer,
  -- The batch that holds it: the workflow, the chain of its runs, and the batch's number.
  taken_by text,
  taken_chain text,
  taken_sequence integer,
  taken_at timestamptz,
  discovered_at timestamptz not null default now(),
  -- When the content that `revision` stands for was collected; null: it has not been yet.
  stored_at timestamptz,
  primary key (category, id)
);
create index if not exists documents_due on legisync.documents (category, next_attempt_at, id)
  where next_attempt_at is not null;
create index if not exists documents_taken on legisync.documents (taken_by, taken_chain, taken_sequence)
  where taken_by is not null;

-- Passes: one whole enumeration of a collection each.
create table if not exists legisync.passes (
  collection text not null,
  pass integer not null,
  started_at timestamptz not null default now(),
  completed_at timestamptz,
  primary key (collection, pass)
);

-- Slices: the plan of a pass and how far each piece of it has been enumerated.
create table if not exists legisync.slices (
  id bigint generated always as identity primary key,
  collection text not null,
  pass integer not null,
  source text not null,
  -- `{}`: the whole source; `{"code": …}`: one code; `{"from": …, "to": …}`: a window of days.
  key jsonb not null default '{}',
  state text not null default 'open' check (state in ('open', 'split', 'complete', 'parked')),
  page integer not null default 1,
  round integer not null default 1,
  attempts integer not null default 0,
  code text,
  message text,
  next_attempt_at timestamptz not null default now(),
  -- The batch that enumerates it. Each page that it registers gives it another `lease`.
  held_by text,
  held_until timestamptz,
  lease interval,
  unique (collection, pass, source, key),
  foreign key (collection, pass) references legisync.passes on delete cascade
);
create index if not exists slices_open on legisync.slices (collection, pass, id) where state = 'open';

-- The ids of each round of an open slice, to compare two rounds; removed when the slice is complete.
create table if not exists legisync.slice_documents (
  slice bigint not null references legisync.slices on delete cascade,
  round integer not null,
  id text not null,
  primary key (slice, round, id)
);

-- Where MAINTENANCE goes on in each source.
create table if not exists legisync.watermarks (
  collection text not null,
  source text not null,
  cursor jsonb not null,
  updated_at timestamptz not null default now(),
  primary key (collection, source)
);

-- What an operator set for a MASSIVE collection: it outlives Temporal's own database.
create table if not exists legisync.controls (
  collection text primary key,
  paused boolean not null,
  lanes integer not null check (lanes between 1 and 16),
  updated_at timestamptz not null default now()
);

-- Nothing here is for anybody but the functions' owner, whatever the project's default privileges say.
revoke all on all tables in schema legisync from public, anon, authenticated, service_role;

-- Where a document lives in the bucket.
create or replace function legisync.document_path(p_category text, p_id text) returns text
language sql immutable parallel safe
set search_path = ''
as $$ select 'legifrance/' || p_category || '/' || p_id || '.json' $$;
revoke execute on function legisync.document_path(text, text) from public, anon, authenticated, service_role;

-- What of a bucket is a document: neither a folder, nor what Supabase's dashboard puts into an empty one. Parsed when it
-- is made, so that it needs no `search_path` of its own, which would keep the planner from inlining it.
create or replace function legisync.is_file(p_name text) returns boolean
language sql immutable parallel safe
return p_name not like '%/' and p_name not like '%.emptyFolderPlaceholder';
revoke execute on function legisync.is_file(text) from public, anon, authenticated, service_role;

-- The size that Storage noted, in bytes; null where it noted none, or nothing that is a size: one odd object must not end
-- a chunk of 100,000. Eighteen digits always fit.
create or replace function legisync.object_size(p_metadata jsonb) returns bigint
language sql immutable parallel safe
return case when p_metadata ->> 'size' ~ '^[0-9]{1,18}$' then (p_metadata ->> 'size')::bigint end;
revoke execute on function legisync.object_size(jsonb) from public, anon, authenticated, service_role;

-- Refuses a number that is missing or out of bounds.
create or replace function legisync.check_bounds(p_name text, p_value bigint, p_least bigint, p_most bigint) returns void
language plpgsql immutable
set search_path = ''
as $$
begin
  if p_value is null or p_value not between p_least and p_most then
    raise exception '% is %: it must be from % to %.', p_name, coalesce(p_value::text, 'null'), p_least, p_most
      using errcode = 'invalid_parameter_value';
  end if;
end
$$;
revoke execute on function legisync.check_bounds(text, bigint, bigint, bigint) from public, anon, authenticated, service_role;

-- Makes functions of `public` callable by the service role alone. By name as well as from PUBLIC: Supabase's default
-- privileges grant new functions to anon and authenticated.
create or replace procedure legisync.reserve_for_service(p_functions text[])
language plpgsql
set search_path = ''
as $$
declare
  f text;
begin
  foreach f in array p_functions loop
    execute format('revoke execute on function %s from public, anon, authenticated', f);
    execute format('grant execute on function %s to service_role', f);
    -- So that they can be told from the project's own, by people and by who takes legisync out again.
    execute format('comment on function %s is %L', f, 'Part of legisync.');
  end loop;
end
$$;
revoke execute on procedure legisync.reserve_for_service(text[]) from public, anon, authenticated, service_role;

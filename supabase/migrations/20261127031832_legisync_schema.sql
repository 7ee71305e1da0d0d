-- Written by `npm run sql:migration`. To change a function, a view, a trigger or rights, edit supabase/schemas and
-- write another migration: see docs/database.md.

-- supabase/schemas/rights/refuse_foreign_functions.sql
-- Refuses to touch a function of `public` that has a name of legisync's and does not say that it is legisync's: `create or
-- replace` would overwrite what a team wrote. First in every migration.
do $$
declare
  v_foreign text;
begin
  select string_agg(p.oid::regprocedure::text, ', ' order by p.oid::regprocedure::text) into v_foreign
    from pg_proc p
    where p.pronamespace = 'public'::regnamespace and p.proname like 'legisync\_%'
      and coalesce(obj_description(p.oid, 'pg_proc'), '') not like 'Part of legisync.%';
  if v_foreign is not null then
    raise exception 'The schema public has functions with names that legisync uses, and they are not legisync''s: %. '
      'Rename them (alter function … rename to …), then run this again. Nothing was changed.', v_foreign;
  end if;
end
$$;

-- supabase/schemas/base/schema.sql
-- The schema of everything that is legisync's own. The API does not expose it: its tables are reached only through the
-- functions of `public` that are named legisync_*.
create schema if not exists legisync;
revoke all on schema legisync from public;

-- supabase/schemas/backfill/types/backfill_step.sql
-- What one chunk of a backfill did.
do $$
begin
  if to_regtype('legisync.backfill_step') is null then
    create type legisync.backfill_step as (
      scanned integer, -- objects looked at (rows, in the phase `sizes`)
      upto text,       -- the last of their paths; null if there were none
      changed bigint,  -- rows written
      more boolean,    -- the phase goes on after `upto`
      missing bigint,  -- counted by the phase `verify`, as are the next three
      in_flight bigint,
      held bigint,
      skipped bigint
    );
  end if;
end
$$;

-- supabase/schemas/base/types/batch.sql
-- A batch of documents: the run of a workflow that works on it, and its number within that run. The same value always
-- stands for the same documents. It holds slices while they are enumerated, and documents while they are collected.
do $$
begin
  if to_regtype('legisync.batch') is null then
    create type legisync.batch as (
      workflow text,   -- the workflow's id
      run text,        -- the run's id: a reset or a new start gives another one
      sequence integer -- counts the batches of the run
    );
  end if;
end
$$;

-- supabase/schemas/backfill/tables/backfill_runs.sql
-- Runs of the backfill, which queues every file of a bucket that has no row. A run and its figures live here, so losing
-- Temporal's database loses nothing.
create table if not exists legisync.backfill_runs (
  id bigint generated always as identity primary key,
  bucket_id text not null,
  -- `queue`: rows for files without one; `sizes`: sizes for rows without one.
  kind text not null check (kind in ('queue', 'sizes')),
  -- Only files whose path begins with this.
  prefix text not null default '',
  -- New rows are written as finished, so no Worker is given their files: those of files older than `before`, and never of
  -- files that were written after the run began or within the grace time before it, which may still be being collected.
  finished boolean not null default false,
  before timestamptz,
  -- A file without a row is "in flight" for this long after it was written.
  grace interval not null,
  -- The chain of runs of the workflow that carries it out.
  owner text not null,
  state text not null default 'running' check (state in ('running', 'completed', 'abandoned')),
  -- Where it stands. `queue`, then `catch_up` (the same again, for files that arrived behind the position), then `verify`,
  -- which counts what is missing; or `sizes` alone; then `end`.
  phase text not null check (phase in ('queue', 'catch_up', 'verify', 'sizes', 'end')),
  -- The last path that this phase has done; '' at its beginning.
  position text not null default '',
  chunks integer not null default 0,
  scanned bigint not null default 0,
  queued bigint not null default 0,
  -- Of `queued`: by the phase `catch_up`.
  caught_up bigint not null default 0,
  sized bigint not null default 0,
  -- What the phase `verify` counted.
  missing bigint not null default 0,
  in_flight bigint not null default 0,
  held_by_other_bucket bigint not null default 0,
  skipped bigint not null default 0,
  -- What its chunks took, without pauses and outages.
  busy_seconds double precision not null default 0,
  started_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp()
);
-- One unfinished run a bucket.
create unique index if not exists backfill_runs_unfinished on legisync.backfill_runs (bucket_id) where state = 'running';

-- supabase/schemas/enumeration/tables/passes.sql
-- Passes: each is one whole enumeration of a collection.
create table if not exists legisync.passes (
  collection text not null,
  pass integer not null,
  started_at timestamptz not null default now(),
  completed_at timestamptz,
  primary key (collection, pass)
);

-- supabase/schemas/backfill/tables/backfill_chunks.sql
-- What each chunk cost. A run of 1.4 million files has about twenty.
create table if not exists legisync.backfill_chunks (
  run bigint not null references legisync.backfill_runs on delete cascade,
  number integer not null,
  -- Where the run stood after it.
  phase text not null,
  position text not null,
  scanned integer not null,
  changed integer not null,
  seconds double precision not null,
  at timestamptz not null default clock_timestamp(),
  primary key (run, number)
);

-- supabase/schemas/base/tables/settings.sql
-- What the functions need to know of an installation. One row, written by `legisync migrate`.
create table if not exists legisync.settings (
  only_row boolean primary key default true check (only_row),
  -- Values of files_queue.status that mean "finished", whatever the outcome.
  status_done text[] not null default '{processed,done,completed,failed,error}',
  -- Values that mean "a Worker has it".
  status_in_progress text[] not null default '{processing,in_progress,claimed}',
  -- Those of status_done that mean "given up".
  status_failed text[] not null default '{failed,error}',
  -- The values that legisync itself writes: of each list the first one that the column accepts, see
  -- legisync.resolve_status_values. Null: it accepts none.
  write_done text,
  write_in_progress text,
  write_failed text,
  write_dangling text,
  -- How often a file is handed out for one content before it is given up.
  claim_attempts integer not null default 5 check (claim_attempts between 1 and 100),
  -- A file without a row, or a row without a file, is "in flight" and not wrong for this long.
  grace interval not null default '15 minutes' check (grace between interval '0' and interval '1 day'),
  -- A DELETE of more than 1,000 rows is refused if it takes a larger share of files_queue. 100: never for its share.
  max_delete_percent integer not null default 50 check (max_delete_percent between 1 and 100)
);
insert into legisync.settings default values on conflict do nothing;

-- supabase/schemas/batches/tables/watermarks.sql
-- Where MAINTENANCE continues in each source.
create table if not exists legisync.watermarks (
  collection text not null,
  source text not null,
  -- For the worker alone: page, page size, and the window of days.
  cursor jsonb not null,
  updated_at timestamptz not null default now(),
  primary key (collection, source)
);

-- supabase/schemas/catalogue/tables/documents.sql
-- The catalogue: every document that an enumeration has listed, and what became of it. A document's state here is the
-- checkpoint of its collection: after a crash anywhere it is just taken again.
create table if not exists legisync.documents (
  category text not null check (category ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
  id text not null check (id ~ '^[A-Z]{8}[0-9]{12}$'),
  -- The source whose change signal counts, and within it the code whose table of contents lists the document; '' if it
  -- was found by a search. See legisync.relisted.
  source text not null,
  code_id text not null default '',
  -- The change signal of the listing: while it stands still, the document costs no consult.
  revision text,
  state text not null check (state in ('discovered', 'stored', 'failed', 'withdrawn', 'superseded')),
  -- The object's hash when it was last seen. Null for what was there before legisync.
  content_sha256 text,
  attempts integer not null default 0,
  -- Why the last attempt failed: a failure code, and a text without secrets.
  code text,
  message text,
  -- When the document is due. Null: there is nothing to do.
  next_attempt_at timestamptz,
  -- The first pass in which its source was read to the end and did not list it. Null: it is listed.
  absent_since integer,
  -- The batch that has it.
  holder legisync.batch,
  held_since timestamptz,
  held_until timestamptz,
  discovered_at timestamptz not null default now(),
  -- When the content that `revision` stands for was collected. Null: not yet.
  stored_at timestamptz,
  primary key (category, id),
  check ((held_since is null) = (held_until is null))
);
create index if not exists documents_due on legisync.documents (category, next_attempt_at, id)
  where next_attempt_at is not null;
create index if not exists documents_held on legisync.documents (holder) where held_until is not null;
-- For the end of a listing, which looks at the documents of its source. Equal keys are stored once: about 10 MB a million.
-- Not by the category first: without statistics the planner would take this index for "category and id", too.
create index if not exists documents_of_source on legisync.documents (source, code_id, category);

-- supabase/schemas/claims/tables/claims.sql
-- Claims: what Workers have taken from the queue with a lease, instead of by polling. Beside the queue and not in it (ADR
-- 12): files_queue says that a Worker has the file, in the value that polling Workers know, so they leave it alone. Only
-- what was claimed here ever comes back: a row that somebody else put in progress has no claim.
--
-- Locks. Whoever changes a claim holds the lock of its queue row. Claiming passes over rows that are locked; the other
-- functions wait for them in the order of their paths, as legisync_enqueue_documents does. This prevents deadlocks. The
-- one exception is legisync.expire_claims, which locks claims first: it waits for nobody, and one runs at a time.
create table if not exists legisync.claims (
  file_path text primary key,
  -- `held`: a Worker has it. `waiting`: it failed, and is out of reach until its next try. `returned`: it is pending again;
  -- the claim stays for its count of attempts. `completed`, `failed`: over; it stays so that a repeated call gets its
  -- answer, and for people who look for the reason.
  state text not null check (state in ('held', 'waiting', 'returned', 'completed', 'failed')),
  -- What the holder must show. It stays when the holder itself ends the claim; a lease that runs out takes it away.
  token uuid,
  -- The Worker's name.
  holder text not null,
  -- The attempt that this is, or was the last, at the content with this hash.
  attempts integer not null,
  content_sha256 text,
  error text,
  held_since timestamptz not null,
  -- The end of the lease; null once the claim is not held.
  held_until timestamptz,
  -- `waiting`: the next try. Otherwise, unless it is held: when the claim is forgotten.
  due_at timestamptz,
  check ((state = 'held') = (held_until is not null)),
  check ((state = 'held') = (due_at is null))
);
create index if not exists claims_over on legisync.claims (coalesce(held_until, due_at));

-- supabase/schemas/coherence/tables/coherence_checks.sql
-- Every reading, for people who ask how it was. At most 90 days or 5,000 readings of it: an hourly one for half a year, or
-- one every 25 minutes for 90 days.
create table if not exists legisync.coherence_checks (
  id bigint generated always as identity primary key,
  bucket_id text not null,
  kind text not null check (kind in ('cheap', 'full')),
  reading jsonb not null,
  at timestamptz not null default clock_timestamp()
);
create index if not exists coherence_checks_at on legisync.coherence_checks (at);

-- supabase/schemas/enumeration/tables/listing_documents.sql
-- The ids that each round of a slice has listed, to compare two rounds, and to find what a source does not list any more.
-- Kept until the next pass. Unlogged: these rows come and go with each pass, and writing them to the log would cost more
-- than the whole rest of a pass that finds nothing new.
create unlogged table if not exists legisync.listing_documents (
  slice bigint not null,
  id text not null,
  round integer not null,
  primary key (slice, id, round)
);

-- supabase/schemas/enumeration/tables/listing_rounds.sql
-- The rounds whose listing is whole so far. Unlogged, as the listing itself is: a crash of PostgreSQL empties both, so a
-- round that is missing here has lost its pages, and is read again.
create unlogged table if not exists legisync.listing_rounds (
  slice bigint not null,
  round integer not null,
  primary key (slice, round)
);

-- supabase/schemas/enumeration/tables/slices.sql
-- Slices: the plan of a pass, and how far each part of it has been enumerated.
create table if not exists legisync.slices (
  id bigint generated always as identity primary key,
  collection text not null,
  pass integer not null,
  source text not null,
  -- `source`: all of it. `code`: the table of contents of one code. `window`: the days from window_from to window_to.
  -- `undated`: what no window shows, beside the windows of a source.
  kind text not null check (kind in ('source', 'code', 'window', 'undated')),
  code_id text,
  window_from date,
  window_to date,
  -- `split`: finer slices have replaced it. `parked`: given up for this pass, with the reason.
  state text not null default 'open' check (state in ('open', 'split', 'complete', 'parked')),
  -- Complete, and what its source does not list any more is marked; see legisync.mark_absent.
  judged boolean not null default false,
  -- The next page to read, and the round of reading, each from 1.
  page integer not null default 1,
  round integer not null default 1,
  attempts integer not null default 0,
  code text,
  message text,
  next_attempt_at timestamptz not null default now(),
  -- The batch that enumerates it.
  holder legisync.batch,
  held_since timestamptz,
  held_until timestamptz,
  check ((kind = 'code') = (code_id is not null)),
  check ((kind = 'window') = (window_from is not null and window_to is not null)),
  check ((held_since is null) = (held_until is null)),
  unique nulls not distinct (collection, pass, source, kind, code_id, window_from, window_to),
  foreign key (collection, pass) references legisync.passes on delete cascade
);
create index if not exists slices_open on legisync.slices (collection, pass, id) where state = 'open';

-- supabase/schemas/operators/tables/controls.sql
-- What an operator set for a MASSIVE collection. It outlives Temporal's own database.
create table if not exists legisync.controls (
  collection text primary key,
  paused boolean not null,
  lanes integer not null check (lanes between 1 and 16),
  updated_at timestamptz not null default now()
);

-- supabase/schemas/base/batch_lease.sql
-- How long a batch has its documents before a batch of another workflow may take them: far longer than a batch of 100
-- takes. One that an outage holds up longer may be collected twice, which only costs requests.
create or replace function legisync.batch_lease() returns interval
language sql immutable parallel safe
return interval '1 hour';

-- supabase/schemas/base/batch_lock.sql
-- Key of the advisory lock of a batch: two calls for the same batch wait for each other.
create or replace function legisync.batch_lock(b legisync.batch) returns bigint
language sql stable
return hashtextextended('legisync.batch ' || (b)::text, 0);

-- supabase/schemas/base/check_bounds.sql
-- Raises 22023 if a number is missing or out of bounds.
create or replace function legisync.check_bounds(p_name text, p_value numeric, p_least numeric, p_most numeric)
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_value is null or p_value not between p_least and p_most then
    raise exception '% is %: it must be from % to %.', p_name, coalesce(p_value::text, 'null'), p_least, p_most
      using errcode = 'invalid_parameter_value';
  end if;
end
$$;

-- supabase/schemas/base/check_bucket.sql
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

-- supabase/schemas/base/check_category.sql
-- Raises 22023 if a text is not the name of a collection, which is also a category: a folder of the bucket.
create or replace function legisync.check_category(p_name text, p_value text) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if legisync.is_category(p_value) is not true then
    raise exception '% is %: it must be a small letter or digit, then up to 62 small letters, digits, "_" or "-".',
      p_name, coalesce(quote_literal(left(p_value, 100)), 'null')
      using errcode = 'invalid_parameter_value';
  end if;
end
$$;

-- supabase/schemas/base/check_choice.sql
-- Raises 22023 if a text is not one of the choices.
create or replace function legisync.check_choice(p_name text, p_value text, variadic p_choices text[]) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_value is null or p_value <> all (p_choices) then
    raise exception '% is %: it must be one of %.',
      p_name, coalesce(quote_literal(left(p_value, 100)), 'null'), array_to_string(p_choices, ', ')
      using errcode = 'invalid_parameter_value';
  end if;
end
$$;

-- supabase/schemas/base/check_given.sql
-- Raises 22023 if a value is missing.
create or replace function legisync.check_given(p_name text, p_value anyelement) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_value is null then
    raise exception '% is null: it must have a value.', p_name using errcode = 'invalid_parameter_value';
  end if;
end
$$;

-- supabase/schemas/base/check_json_list.sql
-- Raises 22023 if a value is not a JSON array of objects, or has too many of them. Each object must have the key
-- `p_key`, with a text.
create or replace function legisync.check_json_list(
  p_name text, p_value jsonb, p_key text, p_least integer, p_most integer) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_wrong jsonb;
begin
  if jsonb_typeof(p_value) is distinct from 'array' then
    raise exception '% is %: it must be a JSON array.', p_name, coalesce(jsonb_typeof(p_value), 'null')
      using errcode = 'invalid_parameter_value';
  elsif jsonb_array_length(p_value) not between p_least and p_most then
    raise exception '% has % entries: it must have % to %.', p_name, jsonb_array_length(p_value), p_least, p_most
      using errcode = 'invalid_parameter_value';
  end if;
  select e into v_wrong
    from jsonb_array_elements(p_value) e
    where jsonb_typeof(e -> p_key) is distinct from 'string'
    limit 1;
  if found then
    raise exception '% has the entry %: each must be an object with the text "%".', p_name, left(v_wrong::text, 100), p_key
      using errcode = 'invalid_parameter_value';
  end if;
end
$$;

-- supabase/schemas/base/check_list.sql
-- Raises 22023 if a list of texts is missing, has too few or too many entries, or has a null among them.
create or replace function legisync.check_list(p_name text, p_value text[], p_least integer, p_most integer) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_value is null then
    raise exception '% is null: it must have % to % entries.', p_name, p_least, p_most
      using errcode = 'invalid_parameter_value';
  elsif cardinality(p_value) not between p_least and p_most then
    raise exception '% has % entries: it must have % to %.', p_name, cardinality(p_value), p_least, p_most
      using errcode = 'invalid_parameter_value';
  elsif array_position(p_value, null) is not null then
    raise exception '% has a null at position %: every entry must be a text.', p_name, array_position(p_value, null)
      using errcode = 'invalid_parameter_value';
  end if;
end
$$;

-- supabase/schemas/base/check_text.sql
-- Raises 22023 if a text is missing, or has too few or too many characters.
create or replace function legisync.check_text(p_name text, p_value text, p_least integer, p_most integer) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_value is null or length(p_value) not between p_least and p_most then
    raise exception '% is %: it must have % to % characters.',
      p_name, coalesce(quote_literal(left(p_value, 100)), 'null'), p_least, p_most
      using errcode = 'invalid_parameter_value';
  end if;
end
$$;

-- supabase/schemas/base/document_path.sql
-- Path of a document in the bucket.
create or replace function legisync.document_path(p_category text, p_id text) returns text
language sql immutable parallel safe
return 'legifrance/' || p_category || '/' || p_id || '.json';

-- supabase/schemas/base/is_category.sql
-- Whether a text may name a category, as src/contract/documents.ts has it.
create or replace function legisync.is_category(p_name text) returns boolean
language sql immutable parallel safe
return p_name ~ '^[a-z0-9][a-z0-9_-]{0,62}$';

-- supabase/schemas/base/is_file.sql
-- Whether an object is a file: not a folder, and not the placeholder that Supabase's dashboard puts into an empty one.
create or replace function legisync.is_file(p_name text) returns boolean
language sql immutable parallel safe
return p_name not like '%/' and p_name not like '%.emptyFolderPlaceholder';

-- supabase/schemas/base/is_free.sql
-- Whether a batch may take over what is leased to `p_holder`: nobody holds it, the lease has ended, or the holder is
-- another run of the same workflow. Such a run is over (it was reset, terminated or lost): a workflow has one run at a
-- time.
create or replace function legisync.is_free(
  p_holder legisync.batch, p_held_until timestamptz, p_batch legisync.batch, p_now timestamptz) returns boolean
language sql immutable parallel safe
return p_held_until is null
    or p_held_until <= p_now
    or ((p_holder).workflow = (p_batch).workflow and (p_holder).run <> (p_batch).run);

-- supabase/schemas/base/object_size.sql
-- Size in bytes that Storage recorded. Null if it recorded none, or something that is not a size: one odd object must
-- not end a chunk of 100,000. Eighteen digits always fit.
create or replace function legisync.object_size(p_metadata jsonb) returns bigint
language sql immutable parallel safe
return case when p_metadata ->> 'size' ~ '^[0-9]{1,18}$' then (p_metadata ->> 'size')::bigint end;

-- supabase/schemas/base/object_written.sql
-- When an object was last written. Both columns of storage.objects are nullable.
create or replace function legisync.object_written(p_created timestamptz, p_updated timestamptz) returns timestamptz
language sql immutable parallel safe
return coalesce(p_updated, p_created, '-infinity');

-- supabase/schemas/base/retry_at.sql
-- When a document that failed is tried again: after `p_seconds` the first time, then after twice as long each time, up
-- to a day. 2^17 seconds are more than a day: the exponent is cut before it can overflow.
create or replace function legisync.retry_at(p_now timestamptz, p_seconds double precision, p_attempts integer)
returns timestamptz
language sql stable
return p_now + make_interval(secs => least(p_seconds * power(2, least(p_attempts, 17)), 86400));

-- supabase/schemas/base/row_written.sql
-- The later one of the dates that a row of files_queue has: when it was inserted, and when the content that it stands for
-- was written. Not a column `updated_at`: a team may have one that its Workers set, which says nothing about the content.
create or replace function legisync.row_written(p_created timestamptz, p_content_at timestamptz) returns timestamptz
language sql immutable parallel safe
return coalesce(greatest(p_created, p_content_at), '-infinity');

-- supabase/schemas/base/to_batch.sql
-- The batch that a caller names: {"workflow", "run", "sequence"}. Raises 22023 if a field is missing or empty.
create or replace function legisync.to_batch(p_batch jsonb) returns legisync.batch
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_sequence numeric;
begin
  perform legisync.check_text('p_batch.workflow', p_batch ->> 'workflow', 1, 1000);
  perform legisync.check_text('p_batch.run', p_batch ->> 'run', 1, 1000);
  if jsonb_typeof(p_batch -> 'sequence') = 'number' then
    v_sequence := (p_batch -> 'sequence')::numeric;
  end if;
  perform legisync.check_bounds('p_batch.sequence', v_sequence, 0, 2147483647);
  return (p_batch ->> 'workflow', p_batch ->> 'run', v_sequence)::legisync.batch;
end
$$;

-- supabase/schemas/queue/keep_requeue.sql
-- Turns a row whose content changed meanwhile back to pending when its Worker finishes with its own, unchanged UPDATE.
--
-- A row is marked `requeue` when its content changes while it is not finished. A Worker that then takes it (from pending
-- to in progress) will read the new content, so the mark is cleared. A Worker that finishes a marked row may have read the
-- old content, so the row is pending again. A Worker that goes from pending to finished in one step cannot be told from
-- one that began before the change: it gets the file once more. Working twice is the better failure than not at all.
--
-- A row that becomes pending here loses its claim, if somebody still has it: another Worker finished the row, or gave it
-- back, under the claimant, who has read the old content.
create or replace function legisync.keep_requeue() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  s legisync.settings;
begin
  -- legisync's own update, of newer content: it sets the mark itself.
  if new.content_at is distinct from old.content_at or not new.requeue then
    return new;
  end if;
  select * into s from legisync.settings;
  if (coalesce(new.processed, false) and not coalesce(old.processed, false))
     or (new.status::text = any (s.status_done) and new.status is distinct from old.status) then
    new.status := 'pending';
    new.processed := false;
    new.requeue := false;
  elsif new.status is distinct from old.status
     and (new.status::text = 'pending'
          or (old.status::text = 'pending' and new.status::text = any (s.status_in_progress))) then
    new.requeue := false;
  end if;
  if not new.requeue and new.status::text = 'pending' then
    delete from legisync.claims where file_path = new.file_path and state in ('held', 'waiting');
  end if;
  return new;
end
$$;

-- supabase/schemas/guards/guard_delete.sql
-- Refuses a DELETE that leaves no row in public.files_queue, or that takes more than 1,000 rows and more than
-- settings.max_delete_percent of the table; unless its transaction names the table. Rows that go take their claims with
-- them, as of legisync.guard_truncate. Not caught: `drop table`, and many small deletes one after the other.
create or replace function legisync.guard_delete() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_deleted bigint;
  v_percent integer;
  v_left bigint;
begin
  select count(*) into v_deleted from (select from gone limit 1001) g;
  if v_deleted = 0 then
    return null;
  end if;
  delete from legisync.claims c using gone g where c.file_path = g.file_path;
  if legisync.may_empty() or (v_deleted <= 1000 and legisync.has_witness()) then
    return null;
  end if;
  if not exists (select from public.files_queue) then
    perform legisync.refuse_emptying(
      'DELETE', 'it leaves public.files_queue empty, and the Workers without work until `legisync backfill` has run',
      'delete from public.files_queue');
  end if;
  select max_delete_percent into v_percent from legisync.settings;
  if v_deleted > 1000 and v_percent < 100 then
    select count(*) into v_deleted from gone;
    select count(*) into v_left from public.files_queue;
    if v_deleted * 100 > v_percent * (v_deleted + v_left) then
      perform legisync.refuse_emptying(
        'DELETE', format('it takes %s of %s rows of public.files_queue, more than the %s %% of LEGISYNC_MAX_DELETE_PERCENT',
                         v_deleted, v_deleted + v_left, v_percent),
        'delete from public.files_queue where …');
    end if;
  end if;
  return null;
end
$$;

-- supabase/schemas/guards/guard_truncate.sql
-- Refuses a TRUNCATE of public.files_queue, unless its transaction names the table. Rows that go take their claims with
-- them: otherwise a Worker could complete a row that was queued anew meanwhile, with other content.
create or replace function legisync.guard_truncate() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if not legisync.may_empty() then
    perform legisync.refuse_emptying(
      'TRUNCATE', 'it leaves public.files_queue empty, and the Workers without work until `legisync backfill` has run',
      'truncate public.files_queue');
  end if;
  delete from legisync.claims;
  return null;
end
$$;

-- supabase/schemas/guards/has_witness.sql
-- Whether files_queue still has a row, asked of a witness: a row that was there the last time. Asking for any row would be
-- simpler, and quadratic: deleted rows stay in the table and its indexes until no transaction can see them any more, so
-- each question walks past all that was deleted before it (10,000 deletes one by one in the order of an index: 6.2 s
-- instead of 1.2 s, and a hundred times that for ten times as many). The witness costs one probe of the index. It is the
-- row with the lowest path or, when that was deleted, the highest, in turn: deletes in one of the two orders meet it once,
-- and deletes in another one rarely.
--
-- It is kept in the session. There it may be wrong, being only a hint: each time its row is looked up. False: there is no
-- row with a path.
create or replace function legisync.has_witness() returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  -- `low:` or `high:`, and the path.
  v_witness text := coalesce(current_setting('legisync.queue_witness', true), '');
  v_path text;
begin
  if exists (select from public.files_queue where file_path = substr(v_witness, strpos(v_witness, ':') + 1)) then
    return true;
  end if;
  if v_witness like 'low:%' then
    select max(file_path) into v_path from public.files_queue;
  else
    select min(file_path) into v_path from public.files_queue;
  end if;
  if v_path is null then
    return false;
  end if;
  perform set_config('legisync.queue_witness',
                     case when v_witness like 'low:%' then 'high:' else 'low:' end || v_path, false);
  return true;
end
$$;

-- supabase/schemas/guards/may_empty.sql
-- Whether this transaction has named the table, and may take any number of rows from it.
create or replace function legisync.may_empty() returns boolean
language sql stable
return current_setting('legisync.allow_emptying', true) is not distinct from 'files_queue';

-- supabase/schemas/guards/refuse_emptying.sql
-- Refuses a statement that would take away what the Workers have to do. It guards against a slip, not against a person:
-- anybody who may delete may also give the permission.
create or replace function legisync.refuse_emptying(p_what text, p_consequence text, p_example text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using
    message = format(
      '%s is refused: %s. If that is meant: begin; set local legisync.allow_emptying = ''files_queue''; %s; commit;',
      p_what, p_consequence, p_example),
    hint = 'After it, `legisync backfill` queues every file of the bucket as pending, also those that were processed. '
      '`legisync backfill --status processed --before DATE` queues the files from before a date as processed.';
end
$$;

-- supabase/schemas/rights/apply_rights.sql
-- Rights of functions and tables, for all that is there, so that a new one cannot be forgotten: nobody but the owner may
-- use what is in the schema legisync, and only the service role may call the functions of `public` that say they are
-- legisync's. By name as well as from PUBLIC: Supabase's default privileges grant to these roles. Last in every migration.
do $$
declare
  f record;
begin
  revoke all on all tables in schema legisync from public, anon, authenticated, service_role;
  for f in
    select p.oid::regprocedure as name, n.nspname = 'public' as is_public, r.roles
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      cross join lateral (
        select coalesce(string_agg(distinct case a.grantee when 0 then 'public' else a.grantee::regrole::text end, ', '), '')
          as roles
          from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
          where a.grantee <> p.proowner
            and (a.grantee = 0 or a.grantee::regrole::text in ('anon', 'authenticated', 'service_role'))) r
      where (n.nspname = 'legisync' and r.roles <> '')
         or (n.nspname = 'public' and r.roles <> 'service_role'
             and obj_description(p.oid, 'pg_proc') like 'Part of legisync.%')
  loop
    execute format('revoke execute on routine %s from public, anon, authenticated, service_role', f.name);
    if f.is_public then
      execute format('grant execute on routine %s to service_role', f.name);
    end if;
  end loop;
end
$$;

-- supabase/schemas/rights/reload.sql
-- What follows from a change: the status values are resolved again, and PostgREST, which keeps functions and their
-- settings in a cache, reads them again.
do $$
begin
  if to_regprocedure('legisync.resolve_status_values()') is not null then
    perform legisync.resolve_status_values();
  end if;
end
$$;
notify pgrst, 'reload schema';

-- Written by `npm run sql:migration`. To change a function, a view, a trigger or rights, edit supabase/schemas and
-- write another migration: see docs/database.md.

-- supabase/schemas/rights/refuse_foreign_functions.sql
-- Refuses to replace a function of `public` that has one of legisync's names but is not marked as part of legisync:
-- `create or replace` would overwrite a team's own function. First in every migration.
do $$
declare
  v_foreign text;
begin
  select string_agg(p.oid::regprocedure::text, ', ' order by p.oid::regprocedure::text) into v_foreign
    from pg_proc p
    where p.pronamespace = 'public'::regnamespace and p.proname like 'legisync\_%'
      and coalesce(obj_description(p.oid, 'pg_proc'), '') not like 'Part of legisync.%';
  if v_foreign is not null then
    raise exception 'The schema public has functions that are not part of legisync, but have names that legisync uses: '
      '%. Rename them (alter function … rename to …), then run this again. Nothing was changed.', v_foreign;
  end if;
end
$$;

-- supabase/schemas/base/schema.sql
-- The schema of legisync's own objects. The API does not expose it: clients reach its tables only through the functions
-- public.legisync_*.
create schema if not exists legisync;
revoke all on schema legisync from public;

-- supabase/schemas/backfill/types/chunk_result.sql
-- What one chunk of a backfill did.
do $$
begin
  if to_regtype('legisync.chunk_result') is null then
    create type legisync.chunk_result as (
      scanned integer, -- objects read; in the phase `sizes`, rows
      upto text,       -- the last path read; null if there was none
      changed bigint,  -- rows written
      more boolean,    -- the phase continues after `upto`
      missing bigint,  -- this and the next three: counted by the phase `verify`
      in_flight bigint,
      held bigint,
      skipped bigint
    );
  end if;
end
$$;

-- supabase/schemas/base/types/batch.sql
-- A batch: the workflow run that processes it, and its number, which continues over the runs of a workflow. A batch value
-- always refers to the same documents. A batch holds a slice while it enumerates, and documents while it collects them.
do $$
begin
  if to_regtype('legisync.batch') is null then
    create type legisync.batch as (
      workflow text,   -- workflow id
      run text,        -- run id; a reset or a new start gives another one
      sequence integer -- number of the batch within the workflow, from 1
    );
  end if;
end
$$;

-- supabase/schemas/backfill/tables/backfill_runs.sql
-- Backfill runs. A backfill queues every file of a bucket that has no row. Runs and their figures are stored here, so
-- that nothing is lost with Temporal's database.
create table if not exists legisync.backfill_runs (
  id bigint generated always as identity primary key,
  bucket_id text not null,
  -- `queue`: rows for files without one; `sizes`: sizes for rows without one.
  kind text not null check (kind in ('queue', 'sizes')),
  -- Only files whose path begins with this prefix.
  prefix text not null default '',
  -- Rows of files older than `before` are inserted as finished, so no Worker processes them. Never for files written
  -- after the run began or within the grace time before it, because their collection may not be complete.
  finished boolean not null default false,
  before timestamptz,
  -- A file without a row counts as "in flight" for this long after it was written.
  grace interval not null,
  -- The chain of workflow runs that executes it.
  owner text not null,
  state text not null default 'running' check (state in ('running', 'completed', 'abandoned')),
  -- The current phase. `queue`, then `catch_up` (again from the start, for files that arrived before the position),
  -- then `verify`, which counts what is missing; or `sizes` alone; then `end`.
  phase text not null check (phase in ('queue', 'catch_up', 'verify', 'sizes', 'end')),
  -- The last path that this phase has processed; '' at its beginning.
  position text not null default '',
  chunks integer not null default 0,
  scanned bigint not null default 0,
  queued bigint not null default 0,
  -- The part of `queued` that the phase `catch_up` added.
  caught_up bigint not null default 0,
  sized bigint not null default 0,
  -- What the phase `verify` counted.
  missing bigint not null default 0,
  in_flight bigint not null default 0,
  held_by_other_bucket bigint not null default 0,
  skipped bigint not null default 0,
  -- Total time of its chunks, without pauses and outages.
  busy_seconds double precision not null default 0,
  started_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp()
);
-- One unfinished run per bucket.
create unique index if not exists backfill_runs_unfinished on legisync.backfill_runs (bucket_id)
  where state = 'running';

-- supabase/schemas/enumeration/tables/passes.sql
-- Passes. A pass is one complete enumeration of a collection.
create table if not exists legisync.passes (
  collection text not null,
  pass integer not null,
  started_at timestamptz not null default now(),
  completed_at timestamptz,
  primary key (collection, pass)
);

-- supabase/schemas/backfill/tables/backfill_chunks.sql
-- What each chunk did and how long it took. A run of 1.4 million files has about twenty chunks.
create table if not exists legisync.backfill_chunks (
  run bigint not null references legisync.backfill_runs on delete cascade,
  number integer not null,
  -- Where the run was after it.
  phase text not null,
  position text not null,
  scanned integer not null,
  changed integer not null,
  seconds double precision not null,
  at timestamptz not null default clock_timestamp(),
  primary key (run, number)
);

-- supabase/schemas/base/tables/settings.sql
-- What the functions need to know about the installation. One row, written by `legisync migrate`.
create table if not exists legisync.settings (
  only_row boolean primary key default true check (only_row),
  -- Values of files_queue.status that mean "finished", with success or without.
  status_done text[] not null default '{processed,done,completed,failed,error}',
  -- Values that mean "a Worker is processing the file".
  status_in_progress text[] not null default '{processing,in_progress,claimed}',
  -- The values among status_done that mean "given up".
  status_failed text[] not null default '{failed,error}',
  -- The values that legisync writes: the first of each list that the column accepts. Null: it accepts none of them. See
  -- legisync.resolve_status_values.
  write_done text,
  write_in_progress text,
  write_failed text,
  write_dangling text,
  -- How often a file with the same content is claimed before it is given up.
  claim_attempts integer not null default 5 check (claim_attempts between 1 and 100),
  -- Grace time. A younger file without a row, or row without a file, counts as "in flight", not as a difference.
  grace interval not null default '15 minutes' check (grace between interval '0' and interval '1 day'),
  -- A DELETE of more than 1,000 rows is refused if it deletes a larger share of files_queue. 100: no limit.
  max_delete_percent integer not null default 50 check (max_delete_percent between 1 and 100)
);
insert into legisync.settings default values on conflict do nothing;

-- supabase/schemas/batches/tables/watermarks.sql
-- Where MAINTENANCE continues in each source.
create table if not exists legisync.watermarks (
  collection text not null,
  source text not null,
  -- Read and written by the worker only: page, page size, and the window of days.
  cursor jsonb not null,
  updated_at timestamptz not null default now(),
  primary key (collection, source)
);

-- supabase/schemas/catalogue/tables/documents.sql
-- The catalogue: every document that a source has listed, and its state. This is the checkpoint of the collection:
-- after a crash anywhere, a document that is due is simply taken again.
create table if not exists legisync.documents (
  category text not null check (category ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
  id text not null check (id ~ '^[A-Z]{8}[0-9]{12}$'),
  -- The owner: the source whose change signal counts, and the code whose table of contents lists the document; '' if it
  -- was found by a search. See legisync.relisted.
  source text not null,
  code_id text not null default '',
  -- The change signal of the listing. While it does not change, the document is not requested.
  revision text,
  state text not null check (
    state in ('discovered', 'stored', 'failed', 'unavailable', 'withdrawn', 'superseded')),
  -- The object's hash when legisync last read it. Null for a pre-existing file.
  content_sha256 text,
  attempts integer not null default 0,
  -- Why the last attempt failed: a failure code, and a text without secrets.
  code text,
  message text,
  -- When the document is due. Null: nothing to do.
  next_attempt_at timestamptz,
  -- The first pass in which its source was completely read and did not list it. Null: it is listed.
  absent_since integer,
  -- The lease: the batch that holds the document, since when, and until when.
  holder legisync.batch,
  held_since timestamptz,
  held_until timestamptz,
  discovered_at timestamptz not null default now(),
  -- When the content with this change signal was collected. Null: not yet.
  stored_at timestamptz,
  primary key (category, id),
  check ((held_since is null) = (held_until is null))
);
create index if not exists documents_due on legisync.documents (category, next_attempt_at, id)
  where next_attempt_at is not null;
create index if not exists documents_held on legisync.documents (holder) where held_until is not null;
-- For the end of a listing, which reads the documents of its source. Equal keys are stored once: about 10 MB for a
-- million documents. The category is not first: without statistics the planner would use this index for "category and
-- id" too.
create index if not exists documents_of_source on legisync.documents (source, code_id, category);

-- supabase/schemas/claims/tables/claims.sql
-- Claims: files that Workers have taken from the queue with a lease, instead of by polling. They are kept beside the
-- queue (ADR 12). The row of files_queue has the status that polling Workers use for "in progress", so they leave it
-- alone. Only a claimed file is ever taken back from its Worker; a row that a polling Worker took has no claim.
--
-- Locks. A session that changes a claim holds the lock of its queue row. Claiming skips locked rows; the other
-- functions wait for them in the order of their paths, as legisync_enqueue_documents does. This prevents deadlocks. The
-- one exception is legisync.expire_claims, which locks claims first. It waits for no row, and one call runs at a time.
create table if not exists legisync.claims (
  file_path text primary key,
  -- `held`: a Worker holds the file. `waiting`: it failed, and cannot be claimed until its next attempt. `returned`:
  -- the file is pending again; the claim is kept for its count of attempts. `completed`, `failed`: ended; the claim is
  -- kept to answer repeated calls, and to show the reason of a failure.
  state text not null check (state in ('held', 'waiting', 'returned', 'completed', 'failed')),
  -- The holder passes it with each call. Kept when the holder ends the claim; removed when the lease expires.
  token uuid,
  -- The Worker's name.
  holder text not null,
  -- Number of the current or last attempt at the content with this hash.
  attempts integer not null,
  content_sha256 text,
  error text,
  held_since timestamptz not null,
  -- End of the lease; null if the claim is not held.
  held_until timestamptz,
  -- `waiting`: time of the next attempt. `held`: null. Otherwise: when the claim is removed.
  due_at timestamptz,
  check ((state = 'held') = (held_until is not null)),
  check ((state = 'held') = (due_at is null))
);
create index if not exists claims_over on legisync.claims (coalesce(held_until, due_at));

-- supabase/schemas/coherence/tables/coherence_checks.sql
-- All readings, as a history: those of the last 90 days, and at most 5,000. That is an hourly reading for 90 days, or
-- one every 26 minutes.
create table if not exists legisync.coherence_checks (
  id bigint generated always as identity primary key,
  bucket_id text not null,
  kind text not null check (kind in ('cheap', 'full')),
  reading jsonb not null,
  at timestamptz not null default clock_timestamp()
);
create index if not exists coherence_checks_at on legisync.coherence_checks (at);

-- supabase/schemas/enumeration/tables/listing_documents.sql
-- The ids that each round of a slice has listed. They are needed to compare two rounds, and to find the documents that
-- a source does not list any more. Kept until the next pass. Unlogged: each pass replaces these rows, and logging them
-- would cost more than the rest of a pass without changes.
create unlogged table if not exists legisync.listing_documents (
  slice bigint not null,
  id text not null,
  round integer not null,
  primary key (slice, id, round)
);

-- supabase/schemas/enumeration/tables/listing_rounds.sql
-- The rounds whose listing has lost no page so far. Unlogged, as listing_documents is: a crash of PostgreSQL empties
-- both tables. So a round without a row here has lost its pages and is read again.
create unlogged table if not exists legisync.listing_rounds (
  slice bigint not null,
  round integer not null,
  primary key (slice, round)
);

-- supabase/schemas/enumeration/tables/slices.sql
-- Slices: the parts of a pass, and how far each of them has been enumerated.
create table if not exists legisync.slices (
  id bigint generated always as identity primary key,
  collection text not null,
  pass integer not null,
  source text not null,
  -- `source`: the whole source. `code`: the table of contents of one code. `window`: the days from window_from to
  -- window_to. `undated`: the documents of a source that no window lists.
  kind text not null check (kind in ('source', 'code', 'window', 'undated')),
  code_id text,
  window_from date,
  window_to date,
  -- `split`: replaced by finer slices. `parked`: given up for this pass, with the reason.
  state text not null default 'open' check (state in ('open', 'split', 'complete', 'parked')),
  -- legisync.mark_absent is done with it: absent documents are marked, or cannot be because the listing lost pages.
  absences_marked boolean not null default false,
  -- The next page to read, and the current round. Both count from 1.
  page integer not null default 1,
  round integer not null default 1,
  attempts integer not null default 0,
  code text,
  message text,
  next_attempt_at timestamptz not null default now(),
  -- The lease: the batch that enumerates the slice, since when, and until when.
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
-- What an operator set for a collection's MASSIVE workflow. Kept here so that it survives a loss of Temporal's
-- database.
create table if not exists legisync.controls (
  collection text primary key,
  paused boolean not null,
  lanes integer not null check (lanes between 1 and 16),
  updated_at timestamptz not null default now()
);

-- supabase/schemas/base/batch_lease.sql
-- How long a batch holds its documents before another workflow's batch may take them. It is far longer than a batch of
-- 100 needs. If an outage delays a batch beyond it, the documents may be collected twice, which only costs requests.
create or replace function legisync.batch_lease() returns interval
language sql immutable parallel safe
return interval '1 hour';

-- supabase/schemas/base/batch_lock.sql
-- Key of a batch's advisory lock. Two calls for the same batch wait for each other.
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

-- supabase/schemas/base/check_category.sql
-- Raises 22023 if a text is not a valid collection name. The name is also the category: a folder in the bucket.
create or replace function legisync.check_category(p_name text, p_value text) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if legisync.is_category(p_value) is not true then
    raise exception '% is %: it must be 1 to 63 small letters, digits, "_" or "-", and begin with a letter or digit.',
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
-- Raises 22023 if a value is not a JSON array of objects, or if the array is too short or too long. Each object must
-- have a text under the key `p_key`.
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
    raise exception '% has the entry %: each must be an object with a text under "%".',
      p_name, left(v_wrong::text, 100), p_key using errcode = 'invalid_parameter_value';
  end if;
end
$$;

-- supabase/schemas/base/check_list.sql
-- Raises 22023 if a list of texts is missing, has too few or too many entries, or contains a null.
create or replace function legisync.check_list(p_name text, p_value text[], p_least integer, p_most integer)
returns void
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
-- Raises 22023 if a text is missing, too short or too long.
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

-- supabase/schemas/base/current_objects.sql
-- The current objects of Storage. Newer versions of Storage prepare the versioning of objects with two columns: a
-- delete marker is no file, and an archived version is not the current one. Older versions do not have the columns. The
-- two names then mean the constants of `absent`, because PostgreSQL looks a name up in the inner query first.
--
-- PostgreSQL expands this function in the query that calls it, and looks the names up at that time. So the plans are
-- those of a query on storage.objects, and an upgrade of Storage needs no new migration. An attribute such as
-- `set search_path` would prevent the expansion. It is not needed here: every name is qualified or a column.
create or replace function legisync.current_objects() returns setof storage.objects
language sql stable
as $$
  select o.*
  from (values (false, null::pg_catalog.timestamptz)) as absent (is_delete_marker, archived_at)
  cross join lateral (
    select * from storage.objects where is_delete_marker is not true and archived_at is null) o
$$;

-- supabase/schemas/base/document_path.sql
-- Path of a document's file in the bucket.
create or replace function legisync.document_path(p_category text, p_id text) returns text
language sql immutable parallel safe
return 'legifrance/' || p_category || '/' || p_id || '.json';

-- supabase/schemas/base/is_category.sql
-- Whether a text is a valid category name. Same rule as in src/contract/documents.ts.
create or replace function legisync.is_category(p_name text) returns boolean
language sql immutable parallel safe
return p_name ~ '^[a-z0-9][a-z0-9_-]{0,62}$';

-- supabase/schemas/base/is_file.sql
-- Whether an object is a file. Folders are not, and neither is the placeholder that Supabase's dashboard puts into an
-- empty folder.
create or replace function legisync.is_file(p_name text) returns boolean
language sql immutable parallel safe
return p_name not like '%/' and p_name not like '%.emptyFolderPlaceholder';

-- supabase/schemas/base/is_free.sql
-- Whether a batch may take over a lease: it is not held, it has ended, or its holder is an earlier run of the same
-- workflow. A workflow has one run at a time, so the earlier run is over (it was reset, terminated or lost).
create or replace function legisync.is_free(
  p_holder legisync.batch, p_held_until timestamptz, p_batch legisync.batch, p_now timestamptz) returns boolean
language sql immutable parallel safe
return p_held_until is null
    or p_held_until <= p_now
    or ((p_holder).workflow = (p_batch).workflow and (p_holder).run <> (p_batch).run);

-- supabase/schemas/base/object_size.sql
-- Size in bytes that Storage recorded. Null if there is none, or if it is not a number: one malformed object must not
-- fail a chunk of 100,000. A number of 18 digits always fits into a bigint.
create or replace function legisync.object_size(p_metadata jsonb) returns bigint
language sql immutable parallel safe
return case when p_metadata ->> 'size' ~ '^[0-9]{1,18}$' then (p_metadata ->> 'size')::bigint end;

-- supabase/schemas/base/object_written.sql
-- When an object was last written. Both columns of storage.objects are nullable.
create or replace function legisync.object_written(p_created timestamptz, p_updated timestamptz) returns timestamptz
language sql immutable parallel safe
return coalesce(p_updated, p_created, '-infinity');

-- supabase/schemas/base/retry_at.sql
-- When a failed document is tried again: after `p_seconds` the first time, then after twice as long each time, up to
-- `p_max_seconds`. The exponent is capped so that it cannot overflow; 2^20 seconds are more than a week.
create or replace function legisync.retry_at(
  p_now timestamptz, p_seconds double precision, p_max_seconds double precision, p_attempts integer)
returns timestamptz
language sql stable
return p_now + make_interval(secs => least(p_seconds * power(2, least(p_attempts, 20)), p_max_seconds));

-- supabase/schemas/base/row_written.sql
-- The later of a row's two dates: when the row was inserted, and when its content was written. A column `updated_at` is
-- not used: a team's Workers may set one, and it says nothing about the content.
create or replace function legisync.row_written(p_created timestamptz, p_content_at timestamptz) returns timestamptz
language sql immutable parallel safe
return coalesce(greatest(p_created, p_content_at), '-infinity');

-- supabase/schemas/base/to_batch.sql
-- Converts the caller's batch, {"workflow", "run", "sequence"}. Raises 22023 if a field is missing or empty.
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
-- Makes a row pending again if its content changed while a Worker was processing it. The Worker need not know: it
-- finishes the row with its own, unchanged UPDATE.
--
-- A row is marked `requeue` when its content changes before it is finished.
--   * A Worker that then takes the row (from pending to in progress) reads the new content, so the mark is cleared.
--   * A Worker that finishes a marked row may have read the old content, so the row is pending again.
--   * A Worker that goes from pending to finished in one step may have begun before the change, so it gets the file
--     once more.
-- Processing a file twice is better than not at all.
--
-- A row that becomes pending here loses its claim, if it still has one. Its claimant has read the old content, and
-- another Worker has finished the row or set it back.
create or replace function legisync.keep_requeue() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  s legisync.settings;
begin
  -- legisync's own update with newer content sets the mark itself.
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
-- Refuses a DELETE that leaves no row in public.files_queue, or that deletes both more than 1,000 rows and more than
-- settings.max_delete_percent of the table. A transaction may allow it (see legisync.may_empty). Deleted rows lose
-- their claims, as in legisync.guard_truncate. Not caught: `drop table`, and many small deletes in succession.
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
      'DELETE', 'it leaves public.files_queue empty, so the Workers have no files until `legisync backfill` has run',
      'delete from public.files_queue');
  end if;
  select max_delete_percent into v_percent from legisync.settings;
  if v_deleted > 1000 and v_percent < 100 then
    select count(*) into v_deleted from gone;
    select count(*) into v_left from public.files_queue;
    if v_deleted * 100 > v_percent * (v_deleted + v_left) then
      perform legisync.refuse_emptying(
        'DELETE',
        format('it deletes %s of %s rows of public.files_queue, more than the %s %% of LEGISYNC_MAX_DELETE_PERCENT',
               v_deleted, v_deleted + v_left, v_percent),
        'delete from public.files_queue where …');
    end if;
  end if;
  return null;
end
$$;

-- supabase/schemas/guards/guard_truncate.sql
-- Refuses a TRUNCATE of public.files_queue, unless its transaction allows it (see legisync.may_empty). Removes all
-- claims: otherwise a Worker could complete a row that was queued again meanwhile with other content.
create or replace function legisync.guard_truncate() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if not legisync.may_empty() then
    perform legisync.refuse_emptying(
      'TRUNCATE', 'it leaves public.files_queue empty, so the Workers have no files until `legisync backfill` has run',
      'truncate public.files_queue');
  end if;
  delete from legisync.claims;
  return null;
end
$$;

-- supabase/schemas/guards/has_witness.sql
-- Whether files_queue still has a row. To find out, it looks up a witness: a row that it found last time. Reading any
-- row would be simpler but quadratic. Deleted rows stay in the table and its indexes until no transaction can see them,
-- so each probe would walk past everything that was deleted before: 10,000 single deletes in index order took 6.2 s
-- instead of 1.2 s, and ten times as many would take a hundred times as long. Looking up the witness costs one index
-- probe.
--
-- The witness is the row with the lowest path or, after that one was deleted, the highest, in turn. Deletes in path
-- order hit it once, deletes in another order rarely. It is stored in the session, and is only a hint: each call looks
-- up its row. False: no row has a path.
create or replace function legisync.has_witness() returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  -- `low:` or `high:`, followed by the path.
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
-- Whether this transaction has set `legisync.allow_emptying`, and so may delete any number of rows of files_queue.
create or replace function legisync.may_empty() returns boolean
language sql stable
return current_setting('legisync.allow_emptying', true) is not distinct from 'files_queue';

-- supabase/schemas/guards/refuse_emptying.sql
-- Refuses a statement that would remove the Workers' queue. This protects against a mistake, not against intent: a role
-- that may delete may also set the permission.
create or replace function legisync.refuse_emptying(p_what text, p_consequence text, p_example text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using
    message = format(
      '%s is refused: %s. If this is intended: begin; set local legisync.allow_emptying = ''files_queue''; %s; commit;',
      p_what, p_consequence, p_example),
    hint = 'Afterwards, `legisync backfill` queues every file of the bucket as pending, including those that were '
      'processed. `legisync backfill --status processed --before DATE` queues the files from before a date as '
      'processed.';
end
$$;

-- supabase/schemas/rights/apply_rights.sql
-- Sets the rights of all functions and tables, so that none can be forgotten. Only the owner may use what is in the
-- schema legisync. Only the service role may call the functions of `public` that are marked as part of legisync. Rights
-- are revoked from each role as well as from PUBLIC, because Supabase's default privileges grant to the roles. Last in
-- every migration.
do $$
declare
  f record;
begin
  revoke all on all tables in schema legisync from public, anon, authenticated, service_role;
  for f in
    select p.oid::regprocedure as name, n.nspname = 'public' as is_public, r.roles
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      cross join lateral (
        select coalesce(
          string_agg(distinct case a.grantee when 0 then 'public' else a.grantee::regrole::text end, ', '), '') as roles
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
-- Applies what depends on a change: resolves the status values again, and tells PostgREST to reload its cache of
-- functions and their settings.
do $$
begin
  if to_regprocedure('legisync.resolve_status_values()') is not null then
    perform legisync.resolve_status_values();
  end if;
end
$$;
notify pgrst, 'reload schema';

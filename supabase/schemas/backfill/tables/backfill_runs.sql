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

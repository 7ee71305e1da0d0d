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

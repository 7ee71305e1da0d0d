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

-- What an operator set for a MASSIVE collection. It outlives Temporal's own database.
create table if not exists legisync.controls (
  collection text primary key,
  paused boolean not null,
  lanes integer not null check (lanes between 1 and 16),
  updated_at timestamptz not null default now()
);

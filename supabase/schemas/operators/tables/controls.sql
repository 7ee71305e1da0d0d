-- What an operator set for a collection's MASSIVE workflow. Kept here so that it survives a loss of Temporal's
-- database.
create table if not exists legisync.controls (
  collection text primary key,
  paused boolean not null,
  lanes integer not null check (lanes between 1 and 16),
  updated_at timestamptz not null default now()
);

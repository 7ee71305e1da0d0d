-- Passes. A pass is one complete enumeration of a collection.
create table if not exists legisync.passes (
  collection text not null,
  pass integer not null,
  started_at timestamptz not null default now(),
  completed_at timestamptz,
  primary key (collection, pass)
);

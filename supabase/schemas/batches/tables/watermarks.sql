-- Where MAINTENANCE continues in each source.
create table if not exists legisync.watermarks (
  collection text not null,
  source text not null,
  -- Read and written by the worker only: page, page size, and the window of days.
  cursor jsonb not null,
  updated_at timestamptz not null default now(),
  primary key (collection, source)
);

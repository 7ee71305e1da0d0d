-- The rounds whose listing is whole so far. Unlogged, as the listing itself is: a crash of PostgreSQL empties both, so a
-- round that is missing here has lost its pages, and is read again.
create unlogged table if not exists legisync.listing_rounds (
  slice bigint not null,
  round integer not null,
  primary key (slice, round)
);

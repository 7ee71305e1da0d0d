-- The rounds whose listing has lost no page so far. Unlogged, as listing_documents is: a crash of PostgreSQL empties
-- both tables. So a round without a row here has lost its pages and is read again.
create unlogged table if not exists legisync.listing_rounds (
  slice bigint not null,
  round integer not null,
  primary key (slice, round)
);

-- The ids that each round of a slice has listed, to compare two rounds, and to find what a source does not list any more.
-- Kept until the next pass. Unlogged: these rows come and go with each pass, and writing them to the log would cost more
-- than the whole rest of a pass that finds nothing new.
create unlogged table if not exists legisync.listing_documents (
  slice bigint not null,
  id text not null,
  round integer not null,
  primary key (slice, id, round)
);

-- The ids that each round of a slice has listed. They are needed to compare two rounds, and to find the documents that
-- a source does not list any more. Kept until the next pass. Unlogged: each pass replaces these rows, and logging them
-- would cost more than the rest of a pass without changes.
create unlogged table if not exists legisync.listing_documents (
  slice bigint not null,
  id text not null,
  round integer not null,
  primary key (slice, id, round)
);

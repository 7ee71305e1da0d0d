-- Key of the advisory lock of a bucket's backfill: it changes in one transaction at a time.
create or replace function legisync.backfill_lock(p_bucket text) returns bigint
language sql immutable
return hashtextextended('legisync.backfill ' || p_bucket, 0);

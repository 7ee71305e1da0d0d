-- Key of the advisory lock of a bucket's backfill. It lets one transaction at a time change the backfill.
create or replace function legisync.backfill_lock(p_bucket text) returns bigint
language sql immutable
return hashtextextended('legisync.backfill ' || p_bucket, 0);

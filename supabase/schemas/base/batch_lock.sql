-- Key of a batch's advisory lock. Two calls for the same batch wait for each other.
create or replace function legisync.batch_lock(b legisync.batch) returns bigint
language sql stable
return hashtextextended('legisync.batch ' || (b)::text, 0);

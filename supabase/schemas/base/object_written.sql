-- When an object was last written. Both columns of storage.objects are nullable.
create or replace function legisync.object_written(p_created timestamptz, p_updated timestamptz) returns timestamptz
language sql immutable parallel safe
return coalesce(p_updated, p_created, '-infinity');

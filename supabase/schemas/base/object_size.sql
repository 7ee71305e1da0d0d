-- Size in bytes that Storage recorded. Null if it recorded none, or something that is not a size: one odd object must
-- not end a chunk of 100,000. Eighteen digits always fit.
create or replace function legisync.object_size(p_metadata jsonb) returns bigint
language sql immutable parallel safe
return case when p_metadata ->> 'size' ~ '^[0-9]{1,18}$' then (p_metadata ->> 'size')::bigint end;

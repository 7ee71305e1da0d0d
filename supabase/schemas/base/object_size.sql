-- Size in bytes that Storage recorded. Null if there is none, or if it is not a number: one malformed object must not
-- fail a chunk of 100,000. A number of 18 digits always fits into a bigint.
create or replace function legisync.object_size(p_metadata jsonb) returns bigint
language sql immutable parallel safe
return case when p_metadata ->> 'size' ~ '^[0-9]{1,18}$' then (p_metadata ->> 'size')::bigint end;

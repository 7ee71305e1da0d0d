-- A count and a size, with the size also in a readable form.
create or replace function legisync.count_and_size(p_count numeric, p_bytes numeric) returns json
language sql immutable
return json_build_object('count', coalesce(p_count, 0), 'bytes', coalesce(p_bytes, 0),
                         'size', pg_size_pretty(coalesce(p_bytes, 0)));

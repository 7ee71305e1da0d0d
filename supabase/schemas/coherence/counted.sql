-- A count and a size, also as people read it.
create or replace function legisync.counted(p_count numeric, p_bytes numeric) returns json
language sql immutable
return json_build_object('count', coalesce(p_count, 0), 'bytes', coalesce(p_bytes, 0),
                         'size', pg_size_pretty(coalesce(p_bytes, 0)));

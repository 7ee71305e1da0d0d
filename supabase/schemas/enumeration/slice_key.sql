-- What a slice lists: {"kind": "source" | "undated"}, {"kind": "code", "code"} or {"kind": "window", "from", "to"}.
create or replace function legisync.slice_key(s legisync.slices) returns json
language sql immutable
return case s.kind
  when 'code' then json_build_object('kind', s.kind, 'code', s.code_id)
  when 'window' then json_build_object('kind', s.kind, 'from', s.window_from, 'to', s.window_to)
  else json_build_object('kind', s.kind) end;

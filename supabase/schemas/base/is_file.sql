-- Whether an object is a file: not a folder, and not the placeholder that Supabase's dashboard puts into an empty one.
create or replace function legisync.is_file(p_name text) returns boolean
language sql immutable parallel safe
return p_name not like '%/' and p_name not like '%.emptyFolderPlaceholder';

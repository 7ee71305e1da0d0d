-- Whether an object is a file. Folders are not, and neither is the placeholder that Supabase's dashboard puts into an
-- empty folder.
create or replace function legisync.is_file(p_name text) returns boolean
language sql immutable parallel safe
return p_name not like '%/' and p_name not like '%.emptyFolderPlaceholder';

-- Whether a text is a valid category name. Same rule as in src/contract/documents.ts.
create or replace function legisync.is_category(p_name text) returns boolean
language sql immutable parallel safe
return p_name ~ '^[a-z0-9][a-z0-9_-]{0,62}$';

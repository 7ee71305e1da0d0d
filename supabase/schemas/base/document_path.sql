-- Path of a document's file in the bucket.
create or replace function legisync.document_path(p_category text, p_id text) returns text
language sql immutable parallel safe
return 'legifrance/' || p_category || '/' || p_id || '.json';

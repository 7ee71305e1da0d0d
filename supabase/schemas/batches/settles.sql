-- Whether the batch has settled its document: the document is not superseded, and its listing has not changed since it
-- was taken.
create or replace function legisync.settles(d legisync.documents) returns boolean
language sql immutable
return d.state <> 'superseded' and (d.next_attempt_at is null or d.next_attempt_at <= d.held_since);

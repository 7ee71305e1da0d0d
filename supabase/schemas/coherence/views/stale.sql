-- Rows with older content than their file, in any bucket, for people in the SQL editor. See legisync.all_stale.
create or replace view legisync.stale with (security_invoker = true) as
  select * from legisync.all_stale();

-- Rows that stand for older content than their file has, of any bucket; for people in the SQL editor. See legisync.all_stale.
create or replace view legisync.stale with (security_invoker = true) as
  select * from legisync.all_stale();

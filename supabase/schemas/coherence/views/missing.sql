-- Files without a row, in any bucket, for people in the SQL editor. See legisync.all_missing.
create or replace view legisync.missing with (security_invoker = true) as
  select * from legisync.all_missing();

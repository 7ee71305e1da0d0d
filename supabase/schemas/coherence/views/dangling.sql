-- Rows without a file, in any bucket, for people in the SQL editor. See legisync.all_dangling.
create or replace view legisync.dangling with (security_invoker = true) as
  select * from legisync.all_dangling();

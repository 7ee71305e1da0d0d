-- The schema of everything that is legisync's own. The API does not expose it: its tables are reached only through the
-- functions of `public` that are named legisync_*.
create schema if not exists legisync;
revoke all on schema legisync from public;

-- The schema of legisync's own objects. The API does not expose it: clients reach its tables only through the functions
-- public.legisync_*.
create schema if not exists legisync;
revoke all on schema legisync from public;

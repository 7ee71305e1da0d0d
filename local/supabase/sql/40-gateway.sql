-- Counts of the double, which hosted Supabase does not have: how often each object was uploaded, by
-- the hash in the user metadata ('' without one). They must survive a restart of the gateway: tests
-- check after a crash whether anything was uploaded twice.

create schema if not exists gateway authorization supabase_storage_admin;

set role supabase_storage_admin;

create table if not exists gateway.uploads (
  bucket_id text not null,
  name text not null collate "C",
  sha256 text not null collate "C",
  uploads integer not null default 1,
  primary key (bucket_id, name, sha256)
);

reset role;

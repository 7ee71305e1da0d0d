-- Schemas, extensions and default rights of one database. This file can be repeated.

create schema if not exists extensions;
create extension if not exists pgcrypto with schema extensions;
create extension if not exists "uuid-ossp" with schema extensions;

grant usage on schema extensions to postgres, anon, authenticated, service_role, supabase_storage_admin;
grant all on schema public to postgres;
grant usage on schema public to anon, authenticated, service_role;

-- The REST API's information about the caller, for the policies and functions of a project.
create schema if not exists auth;
grant usage on schema auth to postgres, anon, authenticated, service_role;

create or replace function auth.jwt() returns jsonb language sql stable as
$$ select coalesce(nullif(current_setting('request.jwt.claims', true), ''), '{}')::jsonb $$;

create or replace function auth.role() returns text language sql stable as
$$ select auth.jwt() ->> 'role' $$;

create or replace function auth.uid() returns uuid language sql stable as
$$ select (auth.jwt() ->> 'sub')::uuid $$;

-- A pitfall of hosted Supabase: anon and authenticated can execute new functions in `public` BY
-- NAME, so revoking from PUBLIC alone has no effect.
alter default privileges for role postgres in schema public grant execute on functions to anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema public grant execute on functions to anon, authenticated, service_role;
-- As in new projects, no role gets rights on new tables without a GRANT.

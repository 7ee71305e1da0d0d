-- The roles of a hosted Supabase project, with their rights and timeouts there. Roles belong to the
-- whole cluster. This file can be repeated. `:password` is replaced by a quoted literal: all logins
-- of the local cluster have the same password.

do $$
declare
  role_name text;
begin
  foreach role_name in array array[
    'anon', 'authenticated', 'service_role', 'authenticator', 'postgres', 'supabase_storage_admin'
  ] loop
    if not exists (select from pg_roles where rolname = role_name) then
      execute format('create role %I', role_name);
    end if;
  end loop;
end
$$;

alter role anon nologin noinherit;
alter role authenticated nologin noinherit;
alter role service_role nologin noinherit bypassrls;

-- The REST API logs in as authenticator and switches to one of the three roles above for each
-- request.
alter role authenticator login noinherit password :password;
grant anon, authenticated, service_role to authenticator;

-- Not a superuser: a migration has the same rights here as on a hosted project.
alter role postgres login createdb createrole replication bypassrls nosuperuser password :password;
grant anon, authenticated, service_role, authenticator to postgres with admin option;
grant pg_monitor, pg_read_all_data, pg_signal_backend to postgres;

alter role supabase_storage_admin login noinherit password :password;
grant anon, authenticated, service_role to supabase_storage_admin;

-- service_role has no timeout of its own: in the API, the login's 8 s apply.
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';
alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role postgres set statement_timeout = '2min';
alter role postgres set search_path = "$user", public, extensions;

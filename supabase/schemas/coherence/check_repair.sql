-- Checks the parameters that both repairs share.
create or replace function legisync.check_repair(
  p_bucket text, p_grace_seconds integer, p_after text, p_size integer, p_dry_run boolean) returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  perform legisync.check_bucket(p_bucket);
  perform legisync.check_bounds('p_grace_seconds', p_grace_seconds, 0, 86400);
  perform legisync.check_text('p_after', p_after, 0, 1024);
  perform legisync.check_bounds('p_size', p_size, 1, 100000);
  perform legisync.check_given('p_dry_run', p_dry_run);
end
$$;

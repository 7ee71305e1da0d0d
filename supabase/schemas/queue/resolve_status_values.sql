-- Chooses the values that legisync writes into `files_queue.status`. Called at the end of each migration, and by
-- `legisync migrate` after it has written the settings.
create or replace function legisync.resolve_status_values() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  update legisync.settings s set
    write_done = (select v from unnest(s.status_done) with ordinality as u (v, n)
                  where v <> all (s.status_failed) and legisync.status_accepts(v) order by n limit 1),
    write_in_progress = (select v from unnest(s.status_in_progress) with ordinality as u (v, n)
                         where legisync.status_accepts(v) order by n limit 1),
    write_failed = (select v from unnest(s.status_failed) with ordinality as u (v, n)
                    where legisync.status_accepts(v) order by n limit 1),
    write_dangling = case when legisync.status_accepts('dangling') then 'dangling' end;
end
$$;

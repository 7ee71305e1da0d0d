-- Refuses a statement that would remove the Workers' queue. This protects against a mistake, not against intent: a role
-- that may delete may also set the permission.
create or replace function legisync.refuse_emptying(p_what text, p_consequence text, p_example text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using
    message = format(
      '%s is refused: %s. If this is intended: begin; set local legisync.allow_emptying = ''files_queue''; %s; commit;',
      p_what, p_consequence, p_example),
    hint = 'Afterwards, `legisync backfill` queues every file of the bucket as pending, including those that were '
      'processed. `legisync backfill --status processed --before DATE` queues the files from before a date as '
      'processed.';
end
$$;

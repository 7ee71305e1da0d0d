-- Refuses a statement that would take away what the Workers have to do. It guards against a slip, not against a person:
-- anybody who may delete may also give the permission.
create or replace function legisync.refuse_emptying(p_what text, p_consequence text, p_example text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using
    message = format(
      '%s is refused: %s. If that is meant: begin; set local legisync.allow_emptying = ''files_queue''; %s; commit;',
      p_what, p_consequence, p_example),
    hint = 'After it, `legisync backfill` queues every file of the bucket as pending, also those that were processed. '
      '`legisync backfill --status processed --before DATE` queues the files from before a date as processed.';
end
$$;

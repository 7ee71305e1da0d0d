-- What the functions need to know about the installation. One row, written by `legisync migrate`.
create table if not exists legisync.settings (
  only_row boolean primary key default true check (only_row),
  -- Values of files_queue.status that mean "finished", with success or without.
  status_done text[] not null default '{processed,done,completed,failed,error}',
  -- Values that mean "a Worker is processing the file".
  status_in_progress text[] not null default '{processing,in_progress,claimed}',
  -- The values among status_done that mean "given up".
  status_failed text[] not null default '{failed,error}',
  -- The values that legisync writes: the first of each list that the column accepts. Null: it accepts none of them. See
  -- legisync.resolve_status_values.
  write_done text,
  write_in_progress text,
  write_failed text,
  write_dangling text,
  -- How often a file with the same content is claimed before it is given up.
  claim_attempts integer not null default 5 check (claim_attempts between 1 and 100),
  -- Grace time. A younger file without a row, or row without a file, counts as "in flight", not as a difference.
  grace interval not null default '15 minutes' check (grace between interval '0' and interval '1 day'),
  -- A DELETE of more than 1,000 rows is refused if it deletes a larger share of files_queue. 100: no limit.
  max_delete_percent integer not null default 50 check (max_delete_percent between 1 and 100)
);
insert into legisync.settings default values on conflict do nothing;

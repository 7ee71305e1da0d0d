-- What the functions need to know of an installation. One row, written by `legisync migrate`.
create table if not exists legisync.settings (
  only_row boolean primary key default true check (only_row),
  -- Values of files_queue.status that mean "finished", whatever the outcome.
  status_done text[] not null default '{processed,done,completed,failed,error}',
  -- Values that mean "a Worker has it".
  status_in_progress text[] not null default '{processing,in_progress,claimed}',
  -- Those of status_done that mean "given up".
  status_failed text[] not null default '{failed,error}',
  -- The values that legisync itself writes: of each list the first one that the column accepts, see
  -- legisync.resolve_status_values. Null: it accepts none.
  write_done text,
  write_in_progress text,
  write_failed text,
  write_dangling text,
  -- How often a file is handed out for one content before it is given up.
  claim_attempts integer not null default 5 check (claim_attempts between 1 and 100),
  -- A file without a row, or a row without a file, is "in flight" and not wrong for this long.
  grace interval not null default '15 minutes' check (grace between interval '0' and interval '1 day'),
  -- A DELETE of more than 1,000 rows is refused if it takes a larger share of files_queue. 100: never for its share.
  max_delete_percent integer not null default 50 check (max_delete_percent between 1 and 100)
);
insert into legisync.settings default values on conflict do nothing;

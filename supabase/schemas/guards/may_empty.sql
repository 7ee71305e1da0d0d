-- Whether this transaction has set `legisync.allow_emptying`, and so may delete any number of rows of files_queue.
create or replace function legisync.may_empty() returns boolean
language sql stable
return current_setting('legisync.allow_emptying', true) is not distinct from 'files_queue';

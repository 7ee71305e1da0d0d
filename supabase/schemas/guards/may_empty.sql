-- Whether this transaction has named the table, and may take any number of rows from it.
create or replace function legisync.may_empty() returns boolean
language sql stable
return current_setting('legisync.allow_emptying', true) is not distinct from 'files_queue';

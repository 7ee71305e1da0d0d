-- How long an ended claim is kept. Completed: long enough to repeat a call whose answer was lost. Returned: for its
-- count of attempts; a file that is not claimed for a week starts again at zero. Failed: so that people can look up the
-- reason.
create or replace function legisync.forget_after(p_state text) returns interval
language sql immutable
return case p_state when 'completed' then interval '10 minutes' when 'returned' then interval '7 days'
            else interval '30 days' end;

-- How long a claim that is over is remembered. Completed: long enough for a call whose answer was lost to be repeated.
-- Returned: for its attempts; a file that nobody claims for a week begins anew. Failed: for people who look for the reason.
create or replace function legisync.forget_after(p_state text) returns interval
language sql immutable
return case p_state when 'completed' then interval '10 minutes' when 'returned' then interval '7 days'
            else interval '30 days' end;

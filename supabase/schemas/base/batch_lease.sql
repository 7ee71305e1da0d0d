-- How long a batch has its documents before a batch of another workflow may take them: far longer than a batch of 100
-- takes. One that an outage holds up longer may be collected twice, which only costs requests.
create or replace function legisync.batch_lease() returns interval
language sql immutable parallel safe
return interval '1 hour';

-- How long a batch holds its documents before another workflow's batch may take them. It is far longer than a batch of
-- 100 needs. If an outage delays a batch beyond it, the documents may be collected twice, which only costs requests.
create or replace function legisync.batch_lease() returns interval
language sql immutable parallel safe
return interval '1 hour';

-- Claims: files that Workers have taken from the queue with a lease, instead of by polling. They are kept beside the
-- queue (ADR 12). The row of files_queue has the status that polling Workers use for "in progress", so they leave it
-- alone. Only a claimed file is ever taken back from its Worker; a row that a polling Worker took has no claim.
--
-- Locks. A session that changes a claim holds the lock of its queue row. Claiming skips locked rows; the other
-- functions wait for them in the order of their paths, as legisync_enqueue_documents does. This prevents deadlocks. The
-- one exception is legisync.expire_claims, which locks claims first. It waits for no row, and one call runs at a time.
create table if not exists legisync.claims (
  file_path text primary key,
  -- `held`: a Worker holds the file. `waiting`: it failed, and cannot be claimed until its next attempt. `returned`:
  -- the file is pending again; the claim is kept for its count of attempts. `completed`, `failed`: ended; the claim is
  -- kept to answer repeated calls, and to show the reason of a failure.
  state text not null check (state in ('held', 'waiting', 'returned', 'completed', 'failed')),
  -- The holder passes it with each call. Kept when the holder ends the claim; removed when the lease expires.
  token uuid,
  -- The Worker's name.
  holder text not null,
  -- Number of the current or last attempt at the content with this hash.
  attempts integer not null,
  content_sha256 text,
  error text,
  held_since timestamptz not null,
  -- End of the lease; null if the claim is not held.
  held_until timestamptz,
  -- `waiting`: time of the next attempt. `held`: null. Otherwise: when the claim is removed.
  due_at timestamptz,
  check ((state = 'held') = (held_until is not null)),
  check ((state = 'held') = (due_at is null))
);
create index if not exists claims_over on legisync.claims (coalesce(held_until, due_at));

-- Claims: what Workers have taken from the queue with a lease, instead of by polling. Beside the queue and not in it (ADR
-- 12): files_queue says that a Worker has the file, in the value that polling Workers know, so they leave it alone. Only
-- what was claimed here ever comes back: a row that somebody else put in progress has no claim.
--
-- Locks. Whoever changes a claim holds the lock of its queue row. Claiming passes over rows that are locked; the other
-- functions wait for them in the order of their paths, as legisync_enqueue_documents does. This prevents deadlocks. The
-- one exception is legisync.expire_claims, which locks claims first: it waits for nobody, and one runs at a time.
create table if not exists legisync.claims (
  file_path text primary key,
  -- `held`: a Worker has it. `waiting`: it failed, and is out of reach until its next try. `returned`: it is pending again;
  -- the claim stays for its count of attempts. `completed`, `failed`: over; it stays so that a repeated call gets its
  -- answer, and for people who look for the reason.
  state text not null check (state in ('held', 'waiting', 'returned', 'completed', 'failed')),
  -- What the holder must show. It stays when the holder itself ends the claim; a lease that runs out takes it away.
  token uuid,
  -- The Worker's name.
  holder text not null,
  -- The attempt that this is, or was the last, at the content with this hash.
  attempts integer not null,
  content_sha256 text,
  error text,
  held_since timestamptz not null,
  -- The end of the lease; null once the claim is not held.
  held_until timestamptz,
  -- `waiting`: the next try. Otherwise, unless it is held: when the claim is forgotten.
  due_at timestamptz,
  check ((state = 'held') = (held_until is not null)),
  check ((state = 'held') = (due_at is null))
);
create index if not exists claims_over on legisync.claims (coalesce(held_until, due_at));

-- All readings, as a history: those of the last 90 days, and at most 5,000. That is an hourly reading for 90 days, or
-- one every 26 minutes.
create table if not exists legisync.coherence_checks (
  id bigint generated always as identity primary key,
  bucket_id text not null,
  kind text not null check (kind in ('cheap', 'full')),
  reading jsonb not null,
  at timestamptz not null default clock_timestamp()
);
create index if not exists coherence_checks_at on legisync.coherence_checks (at);

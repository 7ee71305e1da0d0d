-- Every reading, for people who ask how it was. At most 90 days or 5,000 readings of it: an hourly one for half a year, or
-- one every 25 minutes for 90 days.
create table if not exists legisync.coherence_checks (
  id bigint generated always as identity primary key,
  bucket_id text not null,
  kind text not null check (kind in ('cheap', 'full')),
  reading jsonb not null,
  at timestamptz not null default clock_timestamp()
);
create index if not exists coherence_checks_at on legisync.coherence_checks (at);

-- Slices: the parts of a pass, and how far each of them has been enumerated.
create table if not exists legisync.slices (
  id bigint generated always as identity primary key,
  collection text not null,
  pass integer not null,
  source text not null,
  -- `source`: the whole source. `code`: the table of contents of one code. `window`: the days from window_from to
  -- window_to. `undated`: the documents of a source that no window lists.
  kind text not null check (kind in ('source', 'code', 'window', 'undated')),
  code_id text,
  window_from date,
  window_to date,
  -- `split`: replaced by finer slices. `parked`: given up for this pass, with the reason.
  state text not null default 'open' check (state in ('open', 'split', 'complete', 'parked')),
  -- legisync.mark_absent is done with it: absent documents are marked, or cannot be because the listing lost pages.
  absences_marked boolean not null default false,
  -- The next page to read, and the current round. Both count from 1.
  page integer not null default 1,
  round integer not null default 1,
  attempts integer not null default 0,
  code text,
  message text,
  next_attempt_at timestamptz not null default now(),
  -- The lease: the batch that enumerates the slice, since when, and until when.
  holder legisync.batch,
  held_since timestamptz,
  held_until timestamptz,
  check ((kind = 'code') = (code_id is not null)),
  check ((kind = 'window') = (window_from is not null and window_to is not null)),
  check ((held_since is null) = (held_until is null)),
  unique nulls not distinct (collection, pass, source, kind, code_id, window_from, window_to),
  foreign key (collection, pass) references legisync.passes on delete cascade
);
create index if not exists slices_open on legisync.slices (collection, pass, id) where state = 'open';

-- Slices: the plan of a pass, and how far each part of it has been enumerated.
create table if not exists legisync.slices (
  id bigint generated always as identity primary key,
  collection text not null,
  pass integer not null,
  source text not null,
  -- `source`: all of it. `code`: the table of contents of one code. `window`: the days from window_from to window_to.
  -- `undated`: what no window shows, beside the windows of a source.
  kind text not null check (kind in ('source', 'code', 'window', 'undated')),
  code_id text,
  window_from date,
  window_to date,
  -- `split`: finer slices have replaced it. `parked`: given up for this pass, with the reason.
  state text not null default 'open' check (state in ('open', 'split', 'complete', 'parked')),
  -- Complete, and what its source does not list any more is marked; see legisync.mark_absent.
  judged boolean not null default false,
  -- The next page to read, and the round of reading, each from 1.
  page integer not null default 1,
  round integer not null default 1,
  attempts integer not null default 0,
  code text,
  message text,
  next_attempt_at timestamptz not null default now(),
  -- The batch that enumerates it.
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

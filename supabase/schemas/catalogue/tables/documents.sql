-- The catalogue: every document that a source has listed, and its state. This is the checkpoint of the collection:
-- after a crash anywhere, a document that is due is simply taken again.
create table if not exists legisync.documents (
  category text not null check (category ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
  id text not null check (id ~ '^[A-Z]{8}[0-9]{12}$'),
  -- The owner: the source whose change signal counts, and the code whose table of contents lists the document; '' if it
  -- was found by a search. See legisync.relisted.
  source text not null,
  code_id text not null default '',
  -- The change signal of the listing. While it does not change, the document is not requested.
  revision text,
  state text not null check (
    state in ('discovered', 'stored', 'failed', 'unavailable', 'withdrawn', 'superseded')),
  -- The object's hash when legisync last read it. Null for a pre-existing file.
  content_sha256 text,
  attempts integer not null default 0,
  -- Why the last attempt failed: a failure code, and a text without secrets.
  code text,
  message text,
  -- When the document is due. Null: nothing to do.
  next_attempt_at timestamptz,
  -- The first pass in which its source was completely read and did not list it. Null: it is listed.
  absent_since integer,
  -- The lease: the batch that holds the document, since when, and until when.
  holder legisync.batch,
  held_since timestamptz,
  held_until timestamptz,
  discovered_at timestamptz not null default now(),
  -- When the content with this change signal was collected. Null: not yet.
  stored_at timestamptz,
  primary key (category, id),
  check ((held_since is null) = (held_until is null))
);
create index if not exists documents_due on legisync.documents (category, next_attempt_at, id)
  where next_attempt_at is not null;
create index if not exists documents_held on legisync.documents (holder) where held_until is not null;
-- For the end of a listing, which reads the documents of its source. Equal keys are stored once: about 10 MB for a
-- million documents. The category is not first: without statistics the planner would use this index for "category and
-- id" too.
create index if not exists documents_of_source on legisync.documents (source, code_id, category);

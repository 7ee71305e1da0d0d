-- public.files_queue: the table that the Workers poll. An existing table keeps its rows, its rights and its policies;
-- it only gains columns that are null or have a constant default, so no row is rewritten.

do $$
declare
  v_missing text;
begin
  if to_regclass('public.files_queue') is null then
    create table public.files_queue (
      id bigint generated always as identity primary key,
      file_path text not null,
      bucket_id text not null,
      file_size bigint,
      status text not null default 'pending',
      processed boolean not null default false,
      created_at timestamptz not null default now(),
      constraint files_queue_file_path_key unique (file_path)
    );
    alter table public.files_queue enable row level security;
    revoke all on public.files_queue from public, anon, authenticated;
  end if;
  -- What follows is said here, once: without it every batch would fail at its end, with a text that names neither table
  -- nor remedy. `legisync migrate --check` says it all, and more, before anything is changed.
  select string_agg('add column ' || wanted, ', ' order by n) into v_missing
    from unnest(array['file_path text', 'bucket_id text', 'file_size bigint', 'status text default ''pending''',
                      'processed boolean default false', 'created_at timestamptz default now()'])
      with ordinality as u (wanted, n)
    where not exists (
      select from pg_attribute
      where attrelid = 'public.files_queue'::regclass and attname = split_part(wanted, ' ', 1) and not attisdropped);
  if v_missing is not null then
    raise exception 'public.files_queue lacks columns that legisync writes. Rename those that have another name, or: '
      'alter table public.files_queue %;', v_missing;
  end if;
  if not exists (
    select from pg_index i
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0] and a.attname = 'file_path'
    where i.indrelid = 'public.files_queue'::regclass
      and i.indisunique and i.indimmediate and i.indisvalid and i.indnkeyatts = 1 and i.indpred is null
  ) then
    raise exception 'public.files_queue has no unique index on file_path, which "on conflict (file_path)" needs. '
      'Remove rows that share a file_path, then: '
      'create unique index concurrently files_queue_file_path_key on public.files_queue (file_path);';
  end if;
end
$$;

-- When legisync last changed what the row says of the file. A Worker's own UPDATE does not touch it.
alter table public.files_queue add column if not exists updated_at timestamptz;
-- Hash of the content that the row stands for, as in the object's user metadata; null for rows of before.
alter table public.files_queue add column if not exists content_sha256 text;
-- The content changed while a Worker may have been at it: back to pending when it finishes.
alter table public.files_queue add column if not exists requeue boolean not null default false;
-- Queued by a backfill: handed out after what was collected (see claim_files).
alter table public.files_queue add column if not exists backfilled boolean not null default false;
-- Since when it is known that the row's file is gone; set and taken back by `legisync repair dangling`.
alter table public.files_queue add column if not exists dangling_since timestamptz;

-- New tables of `public` are granted to nobody by default on hosted Supabase; BYPASSRLS is not a grant.
grant select, insert, update, delete on public.files_queue to service_role;

-- Turns a row whose content changed meanwhile back to pending when its Worker finishes with its own, unchanged UPDATE.
--
-- A row is marked `requeue` when its content changes while it is not finished. A Worker that then takes it (pending to
-- "in work") will read the new content, so the mark goes. A Worker that finishes a marked row may have read the old
-- content, so the row is pending again. A Worker that goes from pending to finished in one step cannot be told from one
-- that began before the change: it is given the file once more. Working twice is the better failure than not at all.
create or replace function legisync.keep_requeue() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  s legisync.settings;
begin
  -- legisync's own update: it sets the mark itself.
  if new.content_sha256 is distinct from old.content_sha256 or not new.requeue then
    return new;
  end if;
  select * into s from legisync.settings;
  if (coalesce(new.processed, false) and not coalesce(old.processed, false))
     or (new.status::text = any (s.status_done) and new.status is distinct from old.status) then
    new.status := 'pending';
    new.processed := false;
    new.requeue := false;
  elsif new.status is distinct from old.status
     and (new.status::text = 'pending' or (old.status::text = 'pending' and new.status::text = any (s.status_in_work))) then
    new.requeue := false;
  end if;
  return new;
end
$$;
revoke execute on function legisync.keep_requeue() from public, anon, authenticated, service_role;

create or replace trigger files_queue_keep_requeue
  before update on public.files_queue
  for each row when (old.requeue)
  execute function legisync.keep_requeue();

-- Whether `files_queue.status`, whatever its type and its checks, takes a word. Checks that look at other columns as well
-- are not asked.
create or replace function legisync.status_takes(p_word text) returns boolean
language plpgsql stable
set search_path = ''
as $$
declare
  v_type text;
  v_number smallint;
  v_check text;
  v_ok boolean;
begin
  select format_type(atttypid, atttypmod), attnum into strict v_type, v_number
    from pg_attribute where attrelid = 'public.files_queue'::regclass and attname = 'status';
  begin
    -- A word that is too long for its type is cut by the cast, without a word of its own.
    execute format('select (%L::%s)::text = %L', p_word, v_type, p_word) into v_ok;
  exception when data_exception or check_violation then
    return false;
  end;
  for v_check in
    select pg_get_expr(conbin, conrelid) from pg_constraint
    where conrelid = 'public.files_queue'::regclass and contype = 'c' and conkey = array[v_number]
  loop
    exit when not v_ok;
    execute format('select (%s) is not false from (select %L::%s as status) w', v_check, p_word, v_type) into v_ok;
  end loop;
  return v_ok;
end
$$;
revoke execute on function legisync.status_takes(text) from public, anon, authenticated, service_role;

-- Finds the words that legisync writes into `files_queue.status`. Called by this migration, and by every
-- `legisync migrate` after it has written the settings.
create or replace function legisync.learn_words() returns void
language sql volatile
set search_path = ''
as $$
  update legisync.settings s set
    word_done = (select w from unnest(s.status_done) with ordinality as u (w, n)
                 where not w = any (s.status_failed) and legisync.status_takes(w) order by n limit 1),
    word_in_work = (select w from unnest(s.status_in_work) with ordinality as u (w, n)
                    where legisync.status_takes(w) order by n limit 1),
    word_failed = (select w from unnest(s.status_failed) with ordinality as u (w, n)
                   where legisync.status_takes(w) order by n limit 1),
    word_dangling = (select w from unnest('{dangling}'::text[]) as u (w) where legisync.status_takes(w))
$$;
revoke execute on function legisync.learn_words() from public, anon, authenticated, service_role;
select legisync.learn_words();

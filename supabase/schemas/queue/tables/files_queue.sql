-- public.files_queue: the table that the Workers poll. An existing table keeps its rows, rights and policies. It only
-- gains columns that are nullable or have a constant default, so no row is rewritten.
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
    -- Every row is updated at least twice. Vacuum at 2 % dead rows keeps the table small, see docs/adoption.md.
    ) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
    alter table public.files_queue enable row level security;
    revoke all on public.files_queue from public, anon, authenticated;
  end if;
  -- Checked here, once: otherwise every batch would fail at its end, with a message that names neither the table nor
  -- the remedy. `legisync migrate --check` checks this and more, and changes nothing.
  select string_agg('add column ' || wanted, ', ' order by n) into v_missing
    from unnest(array['file_path text', 'bucket_id text', 'file_size bigint', 'status text default ''pending''',
                      'processed boolean default false', 'created_at timestamptz default now()'])
      with ordinality as u (wanted, n)
    where not exists (
      select from pg_attribute
      where attrelid = 'public.files_queue'::regclass and attname = split_part(wanted, ' ', 1) and not attisdropped);
  if v_missing is not null then
    raise exception 'public.files_queue lacks columns that legisync writes. If they exist under other names, rename '
      'them. Otherwise: alter table public.files_queue %;', v_missing;
  end if;
  if not exists (
    select from pg_index i
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0] and a.attname = 'file_path'
    where i.indrelid = 'public.files_queue'::regclass
      and i.indisunique and i.indimmediate and i.indisvalid and i.indnkeyatts = 1 and i.indpred is null
  ) then
    raise exception 'public.files_queue has no unique index on file_path, which "on conflict (file_path)" needs. '
      'Remove the rows that share a file_path, then: '
      'create unique index concurrently files_queue_file_path_key on public.files_queue (file_path);';
  end if;
end
$$;

-- Hash of the row's content, as in the object's user metadata. Null for pre-existing rows.
alter table public.files_queue add column if not exists content_sha256 text;
-- When that content was written into the bucket. Null for pre-existing rows. Workers never write it.
alter table public.files_queue add column if not exists content_at timestamptz;
-- The content changed while a Worker may have been reading it. The row is pending again when that Worker finishes.
alter table public.files_queue add column if not exists requeue boolean not null default false;
-- Queued by a backfill. Collected documents are claimed first.
alter table public.files_queue add column if not exists backfilled boolean not null default false;
-- When it was found that the row's file is gone. Set and cleared by `legisync repair dangling`.
alter table public.files_queue add column if not exists dangling_since timestamptz;

-- Hosted Supabase grants no rights on new tables of `public`, and BYPASSRLS is not a grant.
grant select, insert, update, delete on public.files_queue to service_role;

import { BUCKET, CATEGORY, type World } from './world.ts';

/** Lets everything that was begun come to its end: no actor plays any more. */
export async function settle({ sql }: World): Promise<void> {
  // Leases are over, and so are waits; what dead pollers had is set back by hand, as docs/workers.md says.
  await sql(`
    update legisync.claims set held_until = now() - interval '1 second' where held_until is not null;
    update legisync.claims set due_at = now() - interval '1 second' where state = 'waiting';
    select legisync_claim_files('settler', 1, 1);
    update legisync.claims set held_until = now() - interval '1 second' where held_until is not null;
    update public.files_queue set status = 'pending', processed = false
      where status in ('processing', 'failed')
        and file_path not in (select file_path from legisync.claims where state in ('held', 'waiting'))`);
  await sql(`
    update legisync.documents set held_until = now() where held_until is not null;
    update legisync.documents set next_attempt_at = now() where state = 'failed'`);
  const last = JSON.stringify({ workflow: 'massive', run: 'last', sequence: 1 });
  for (;;) {
    const [taken] = await sql<{ ids: string[] }>('select legisync_take_documents($1, $2, 1000) as ids', [
      CATEGORY,
      last,
    ]);
    if (taken === undefined || taken.ids.length === 0) break;
    const there = await sql<{ id: string }>(
      `select d.id from legisync.documents d join storage.objects o on o.name = legisync.document_path(d.category, d.id)
       where d.id = any ($1)`,
      [taken.ids],
    );
    await sql(`select legisync_enqueue_documents($1, $2, $3, $4, '[]')`, [
      BUCKET,
      CATEGORY,
      last,
      there.map(({ id }) => id),
    ]);
    if (there.length === 0) break;
  }
  await sql(
    `select legisync_repair_dangling($1, 0, '', 100000, false), legisync_repair_stale($1, 0, '', 100000, false)`,
    [BUCKET],
  );
  await sql(`
    do $$
    declare
      r json := legisync_open_backfill('${BUCKET}', 'last', 'restart',
        '{"kind": "queue", "prefix": "", "finished": false, "graceSeconds": 0, "allAtOnce": false}') -> 'run';
    begin
      while r ->> 'phase' <> 'end' loop
        r := legisync_backfill_chunk((r ->> 'id')::bigint, r ->> 'phase', r ->> 'position', 1000) -> 'run';
      end loop;
    end
    $$`);
  // One Worker takes what is left, and reads it.
  for (;;) {
    const [claim] = await sql<{ token: string; paths: string[] }>(
      `select c ->> 'token' as token, array(select f ->> 'filePath' from json_array_elements(c -> 'files') f) as paths
       from legisync_claim_files('last', 1000, 600) c`,
    );
    if (claim === undefined || claim.paths.length === 0) break;
    await sql(
      `insert into public.finished (path, written, read_at, worker)
       select name, updated_at, clock_timestamp(), 'last' from storage.objects where name = any ($1)`,
      [claim.paths],
    );
    await sql('select legisync_complete_files($1, $2)', [claim.token, claim.paths]);
  }
}

/** What must hold once everything has settled: each list must be empty. */
export async function violations({ sql }: World): Promise<Readonly<Record<string, readonly object[]>>> {
  const of = (text: string): Promise<object[]> => sql(text, text.includes('$1') ? [BUCKET] : []);
  return {
    // Nobody may finish a row who has not read what it stood for at that moment, or something later.
    'rows that became processed, and nobody had read their content': await of(
      `select path, count(*) as times, min(at) as first from public.became_processed p
       where not exists (
         select from public.finished x where x.path = p.path and x.written >= p.content_at and x.read_at <= p.at)
       group by path`,
    ),
    'files whose content no Worker has read and finished': await of(
      `select o.name, f.status, f.content_sha256
       from storage.objects o left join public.files_queue f on f.file_path = o.name
       where o.bucket_id = $1 and not exists (
         select from public.finished x where x.path = o.name and x.written >= o.updated_at)`,
    ),
    'files without a row': await of(
      `select name from storage.objects o where bucket_id = $1
         and not exists (select from public.files_queue f where f.file_path = o.name)`,
    ),
    'rows that stand for other content than their file': await of(
      `select f.file_path, f.content_sha256 from public.files_queue f join storage.objects o on o.name = f.file_path
       where f.content_sha256 is distinct from o.user_metadata ->> 'sha256'`,
    ),
    'rows of a file that are not finished': await of(
      `select f.file_path, f.status from public.files_queue f join storage.objects o on o.name = f.file_path
       where not f.processed or f.requeue or f.status <> 'processed'`,
    ),
    'rows without a file that Workers may take': await of(
      `select file_path, status from public.files_queue f where status = 'pending'
         and not exists (select from storage.objects o where o.name = f.file_path)`,
    ),
    'claims that are still held': await of(
      `select * from legisync.claims where state in ('held', 'waiting')`,
    ),
    'documents whose file is there, and that are still to be collected': await of(
      `select d.id, d.state from legisync.documents d
       join storage.objects o on o.bucket_id = $1 and o.name = legisync.document_path(d.category, d.id)
       where d.state in ('discovered', 'failed') or (d.state = 'stored' and d.next_attempt_at is not null)`,
    ),
    'documents that a batch still has': await of(
      `select id, holder::text from legisync.documents where held_until is not null and (holder).run <> 'last'`,
    ),
  };
}

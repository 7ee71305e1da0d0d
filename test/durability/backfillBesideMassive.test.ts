import { backfillWorkflowId, UPDATES, WORKFLOWS } from '../../src/contract/names.ts';
import type { BackfillInput } from '../../src/contract/backfill.ts';
import { resultOf } from '../support/backfilling.ts';
import { countsOf, PLAIN, plantBucket } from '../support/buckets.ts';
import { openMassive, type MassiveStack } from '../support/massive.ts';
import { eventually, startWorker, type WorkerProcess } from '../support/workers.ts';

const CODE = 'LEGITEXT000099000005';
const ARTICLES = 1_500;
const FILES = 20_000;

/** A backfill runs while MASSIVE collects at full speed and a Worker polls. */
describe('a backfill beside MASSIVE', () => {
  let massive: MassiveStack;
  let worker: WorkerProcess;
  let bucket: string;

  beforeAll(async () => {
    massive = await openMassive([{ kind: 'codes', name: 'codes', codes: [CODE] }], {
      legifrance: {
        codes: [],
        syntheticCodes: [{ id: CODE, title: 'Code du voisinage', articles: ARTICLES }],
      },
    });
    bucket = await plantBucket(massive.stack, FILES);
    // Records each time that a row becomes pending, in any session.
    await massive.stack.sql(`
      create table public.became_pending (file_path text);
      create function public.note_pending() returns trigger language plpgsql security definer as
        $$ begin insert into public.became_pending values (new.file_path); return null; end $$;
      create trigger note_inserted after insert on public.files_queue
        for each row when (new.status = 'pending') execute function public.note_pending();
      create trigger note_updated after update on public.files_queue
        for each row when (new.status = 'pending' and old.status <> 'pending') execute function public.note_pending()`);
    worker = startWorker(massive.env({ LEGISYNC_BUCKET: bucket, LEGISYNC_PASS_INTERVAL_SECONDS: '86400' }));
    await worker.ready;
  });
  afterAll(async () => {
    await worker.stop();
    await massive.close();
  });

  it('queues every file, and so does MASSIVE: no row becomes pending twice', async () => {
    const { stack, client, name } = massive;
    await massive.start({ controls: { paused: false, lanes: 8 } });
    await eventually(async () => (await stack.sql('select from public.files_queue limit 1')).length > 0);
    const input: BackfillInput = { bucket, start: 'new', options: PLAIN, chunk: 1_000 };
    const handle = await client.workflow.start(WORKFLOWS.backfill, {
      workflowId: backfillWorkflowId(bucket),
      taskQueue: name,
      args: [input],
    });
    let over = false;
    const polling = pollQueue(() => over);
    const { run } = await resultOf(handle);
    await eventually(async () => (await stack.supabase.catalogue.counts(name)).passComplete);
    over = true;
    await polling;

    expect(run).toMatchObject({ missing: 0 });
    // The backfill queued its files while the collection ran.
    expect(run.queued).toBeGreaterThanOrEqual(FILES);
    const files = FILES + ARTICLES;
    expect(await countsOf(stack, bucket)).toEqual({ rows: files, paths: files, missing: 0 });
    expect(
      await stack.sql(
        'select count(*)::int as times, count(distinct file_path)::int as paths from public.became_pending',
      ),
    ).toEqual([{ times: files, paths: files }]);
    await massive.handle().executeUpdate(UPDATES.stop);
  });

  /** A Worker that finishes pending rows in small batches, until `over`. */
  async function pollQueue(over: () => boolean): Promise<void> {
    while (!over()) {
      await massive.stack.sql(`
        update public.files_queue set status = 'processed', processed = true
         where file_path in (select file_path from public.files_queue where status = 'pending'
                             order by created_at limit 200 for update skip locked)`);
    }
  }
});

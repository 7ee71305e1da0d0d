import { randomUUID } from 'node:crypto';
import { defaultPayloadConverter } from '@temporalio/common';
import type { FetchResult, MassiveProgress, UploadResult } from '../../src/contract/collecting.ts';
import { scheduled } from '../support/history.ts';
import { openMassive, type HistoryEvent, type MassiveStack } from '../support/massive.ts';
import { eventually, startWorker, type WorkerProcess } from '../support/workers.ts';

const CODE = 'LEGITEXT000099000005';
const ARTICLES = 40;

/** The results of an activity in a run, in order. */
function answers<T>(events: readonly HistoryEvent[], activity: string): T[] {
  const calls = new Set(scheduled(events, activity).map(({ eventId }) => String(eventId)));
  return events.flatMap(({ activityTaskCompletedEventAttributes: completed }) => {
    const [payload] = completed?.result?.payloads ?? [];
    if (payload === undefined || !calls.has(String(completed?.scheduledEventId))) return [];
    return [defaultPayloadConverter.fromPayload<T>(payload)];
  });
}

describe('a MASSIVE collection that is reset', () => {
  let massive: MassiveStack;
  let worker: WorkerProcess;

  beforeAll(async () => {
    massive = await openMassive(
      [{ kind: 'search', name: 'articles', fond: 'CODE_DATE', query: 'urbanisme' }],
      {
        legifrance: {
          codes: [],
          syntheticCodes: [{ id: CODE, title: 'Code du retour', articles: ARTICLES, urbanisme: ARTICLES }],
        },
      },
    );
    worker = startWorker(massive.env({ LEGISYNC_PASS_INTERVAL_SECONDS: '86400' }));
    await worker.ready;
  });

  afterAll(async () => {
    await worker.stop();
    await massive.close();
  });

  const eventsOf = async (runId: string): Promise<readonly HistoryEvent[]> => {
    const { workflowId } = massive.handle();
    return (await massive.client.workflow.getHandle(workflowId, runId).fetchHistory()).events ?? [];
  };

  /**
   * Resets the workflow to the task that scheduled the first upload: the batch is fetched, but not
   * uploaded.
   */
  async function resetBeforeUpload(runId: string): Promise<string> {
    let upload: HistoryEvent | undefined;
    await eventually(async () => {
      [upload] = scheduled(await eventsOf(runId), 'uploadDocuments');
      return upload !== undefined;
    });
    const task = upload?.activityTaskScheduledEventAttributes?.workflowTaskCompletedEventId;
    if (task == null) throw new Error('The upload was scheduled by no workflow task.');
    const { client } = massive;
    const answer = await client.workflowService.resetWorkflowExecution({
      namespace: client.options.namespace,
      workflowExecution: { workflowId: massive.handle().workflowId, runId },
      workflowTaskFinishEventId: task,
      reason: 'a test',
      requestId: randomUUID(),
    });
    return answer.runId;
  }

  it('between fetch and upload takes the documents again at once, and queues each of them once', async () => {
    const { simulator, supabase } = massive.stack;
    // No consult succeeds, so the first run still holds its batch when it is reset. The probe of
    // the service fails as well.
    simulator.control.fault({
      kind: 'status',
      status: 503,
      path: '/consult/getArticle|/list/code',
      times: 1_000_000,
    });
    await massive.start({ controls: { paused: false, lanes: 1 } });
    const first = (await massive.handle().describe()).runId;
    const second = await resetBeforeUpload(first);

    let uploads: UploadResult[] = [];
    await eventually(async () => {
      uploads = answers<UploadResult>(await eventsOf(second), 'uploadDocuments');
      return uploads.length > 0;
    });
    const [fetched] = answers<FetchResult>(await eventsOf(first), 'fetchDocuments');
    expect(fetched?.batches).toEqual([expect.any(Array)]);
    expect(fetched?.batches[0]).toHaveLength(25);
    expect(uploads[0]).toEqual({
      uploaded: [],
      unchanged: [],
      failures: [],
      left: [],
      lost: fetched?.batches[0],
      bytes: 0,
      endedAt: expect.any(String) as string,
    });

    simulator.control.clearFaults();
    await eventually(async () => (await supabase.catalogue.counts(massive.name)).passComplete);
    const [, again] = answers<FetchResult>(await eventsOf(second), 'fetchDocuments');
    expect(again?.batches.flat()).toEqual(expect.arrayContaining(fetched?.batches.flat() ?? []));
    const { totals } = await massive.handle().query<MassiveProgress>('progress');
    expect(totals).toMatchObject({ queued: ARTICLES, requeued: 0, failedAttempts: 0 });
    expect(
      await massive.stack.sql(
        `select status, count(*)::int as n, count(distinct file_path)::int as paths from public.files_queue group by 1`,
      ),
    ).toEqual([{ status: 'pending', n: ARTICLES, paths: ARTICLES }]);
    expect(worker.output().match(/a batch lost documents/g)).toHaveLength(1);
  });
});

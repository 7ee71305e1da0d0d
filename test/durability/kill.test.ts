import { rm, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Collection } from '../../src/contract/collections.ts';
import { massiveWorkflowId, WORKFLOWS } from '../../src/contract/names.ts';
import type { MassiveInput } from '../../src/contract/collecting.ts';
import type { FaultPoint } from '../support/faultyWorker.ts';
import { openStack, type TestStack } from '../support/stack.ts';
import { eventually, killed, openClient, startWorker } from '../support/workers.ts';

/**
 * A worker is killed with SIGKILL at each point of a batch, and another one is started. Nothing is
 * lost, nothing is uploaded twice, and no row describes an old version. There are new documents and
 * changed ones.
 */

const CODE = 'LEGITEXT000099000001';
const ARTICLES = 60;
const REVISED = 25;
const NEW_DECISIONS = 30;

const name = `kill-${randomUUID().slice(0, 8)}`;
const collection: Collection = {
  name,
  sources: [
    { kind: 'codes', name: 'codes', codes: [CODE] },
    { kind: 'search', name: 'decisions', fond: 'CETAT', query: '*' },
  ],
};
const collectionsFile = join(tmpdir(), `${name}.json`);

let stack: TestStack;
let temporal: Awaited<ReturnType<typeof openClient>>;
let env: Record<string, string>;
let decisions = NEW_DECISIONS;

beforeAll(async () => {
  stack = await openStack({
    legifrance: {
      codes: [],
      syntheticCodes: [{ id: CODE, title: 'Code de la coupure', articles: ARTICLES }],
      decisions: NEW_DECISIONS,
    },
  });
  await writeFile(collectionsFile, JSON.stringify([collection]));
  temporal = await openClient();
  env = stack.env({
    LEGISYNC_COLLECTIONS: collectionsFile,
    LEGISYNC_TASK_QUEUE: name,
    LEGISYNC_MASSIVE: name,
    LEGISYNC_MAINTENANCE: name,
    LEGISYNC_PASS_INTERVAL_SECONDS: '1',
  });
  const input: MassiveInput = { collection: name, controls: { paused: false, lanes: 2 } };
  await temporal.client.workflow.start(WORKFLOWS.massive, {
    workflowId: massiveWorkflowId(name),
    taskQueue: name,
    args: [input],
  });
  const worker = startWorker(env);
  await passIsComplete(1);
  await worker.stop();
});

afterAll(async () => {
  await temporal.client.workflow.getHandle(massiveWorkflowId(name)).terminate();
  await temporal.close();
  await stack.close();
  await rm(collectionsFile);
});

describe('a worker that is killed', () => {
  const points: readonly (readonly [FaultPoint, number])[] = [
    ['after fetch', 1],
    ['after consult', 7],
    ['after upload', 5],
    ['before enqueue', 1],
    ['after enqueue', 1],
  ];

  it.each(points)(
    '%s leaves nothing lost, doubled, dangling or stale (call %i)',
    async (point, call) => {
      const { revised, pass } = await changeDocuments();

      const victim = startWorker(
        { ...env, FAULT_POINT: point, FAULT_CALL: String(call) },
        'test/support/faultyWorker.ts',
      );
      await killed(victim);
      const heir = startWorker(env);
      await heir.ready;
      await passIsComplete(pass);
      expect(await heir.stop()).toBe(0);

      await expectCoherent();
      expect(await rowsPendingAgain()).toEqual(revised);
    },
    300_000,
  );

  it('at continue-as-new leaves a next run that continues', async () => {
    const handle = temporal.client.workflow.getHandle(massiveWorkflowId(name));
    await handle.terminate('a run with an early end');
    const input: MassiveInput = { collection: name, controls: { paused: false, lanes: 2 }, maxEvents: 15 };
    await temporal.client.workflow.start(WORKFLOWS.massive, {
      workflowId: massiveWorkflowId(name),
      taskQueue: name,
      args: [input],
    });
    const first = (await handle.describe()).runId;
    const { revised, pass } = await changeDocuments();

    const victim = startWorker(env);
    await eventually(async () => (await handle.describe()).runId !== first);
    victim.child.kill('SIGKILL');
    await killed(victim);
    const heir = startWorker(env);
    await heir.ready;
    await passIsComplete(pass);
    expect(await heir.stop()).toBe(0);

    await expectCoherent();
    expect(await rowsPendingAgain()).toEqual(revised);
  });
});

/**
 * Changes while no worker runs: Workers finish every row, articles are revised, decisions are
 * added. Returns the rows that must become pending again, and the pass that must find all changes.
 */
async function changeDocuments(): Promise<{ revised: readonly string[]; pass: number }> {
  await stack.sql(`update public.files_queue set status = 'processed', processed = true, requeue = false`);
  const revised = await reviseSome();
  stack.simulator.control.addDecisions(NEW_DECISIONS);
  decisions += NEW_DECISIONS;
  return { revised, pass: (await stack.supabase.catalogue.counts(name)).pass + 1 };
}

async function reviseSome(): Promise<readonly string[]> {
  const rows = await stack.sql<{ id: string }>(
    `select id from legisync.documents where category = $1 and id like 'LEGIARTI%' order by id offset $2 limit $3`,
    [name, decisions / NEW_DECISIONS, REVISED],
  );
  for (const { id } of rows) stack.simulator.control.reviseDocument(id);
  return rows.map(({ id }) => `legifrance/${name}/${id}.json`).sort();
}

async function passIsComplete(pass: number): Promise<void> {
  await eventually(async () => {
    const { pass: current, passComplete } = await stack.supabase.catalogue.counts(name);
    return current > pass || (current === pass && passComplete);
  });
}

/** Pending rows of articles. New decisions are pending for the first time. */
async function rowsPendingAgain(): Promise<readonly string[]> {
  const rows = await stack.sql<{ file_path: string }>(
    `select file_path from public.files_queue
     where status = 'pending' and not processed and file_path like '%LEGIARTI%' order by file_path`,
  );
  return rows.map((row) => row.file_path);
}

async function expectCoherent(): Promise<void> {
  const [counts] = await stack.sql<{
    objects: number;
    rows: number;
    missing: number;
    dangling: number;
    stale: number;
    leased: number;
  }>(`
    select (select count(*)::int from storage.objects) as objects,
           (select count(*)::int from public.files_queue) as rows,
           (select count(*)::int from storage.objects o where not exists
             (select from public.files_queue f where f.file_path = o.name)) as missing,
           (select count(*)::int from public.files_queue f where not exists
             (select from storage.objects o where o.name = f.file_path)) as dangling,
           (select count(*)::int from public.files_queue f join storage.objects o on o.name = f.file_path
             where f.content_sha256 is distinct from o.user_metadata ->> 'sha256'
                or f.file_size is distinct from (o.metadata ->> 'size')::bigint) as stale,
           (select count(*)::int from legisync.documents where held_until is not null) as leased`);
  const expected = ARTICLES + decisions;
  expect(counts).toEqual({
    objects: expected,
    rows: expected,
    missing: 0,
    dangling: 0,
    stale: 0,
    leased: 0,
  });
  expect((await stack.gateway.stats()).sameHashUploadsMax).toBe(1);
}

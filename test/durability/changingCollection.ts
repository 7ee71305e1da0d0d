import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import type { MassiveInput } from '../../src/contract/collecting.ts';
import type { Collection } from '../../src/contract/collections.ts';
import { massiveWorkflowId, WORKFLOWS } from '../../src/contract/names.ts';
import { openStack } from '../support/stack.ts';
import { eventually, openClient, startWorker } from '../support/workers.ts';

const CODE = 'LEGITEXT000099000001';
const ARTICLES = 60;
const REVISED = 25;
const NEW_DECISIONS = 30;

/** What a pass has to find. */
export interface Changes {
  /** The rows that must become pending again. */
  readonly revised: readonly string[];
  /** The pass that must find all changes. */
  readonly pass: number;
}

/** A collection whose first pass is complete, on a server without workers. Its documents change at the test's word. */
export interface ChangingCollection {
  /** The environment of its workers. */
  readonly env: Readonly<Record<string, string>>;
  readonly handle: () => WorkflowHandle;
  /** Ends the run, and begins another one that continues as new after `maxEvents`. */
  readonly restart: (maxEvents: number) => Promise<void>;
  /**
   * Changes while no worker runs: Workers finish every row, articles are revised, decisions are added.
   * Returns the rows that must become pending again, and the pass that must find all changes.
   */
  readonly change: () => Promise<Changes>;
  /**
   * Another worker completes the pass and ends with 0. Then nothing is lost, doubled, dangling, stale or
   * leased, and exactly the revised rows are pending again.
   */
  readonly expectAnotherCompletes: (changes: Changes) => Promise<void>;
  readonly close: () => Promise<void>;
}

export async function openChangingCollection(): Promise<ChangingCollection> {
  const name = `changing-${randomUUID().slice(0, 8)}`;
  const collection: Collection = {
    name,
    sources: [
      { kind: 'codes', name: 'codes', codes: [CODE] },
      { kind: 'search', name: 'decisions', fond: 'CETAT', query: '*' },
    ],
  };
  const collectionsFile = join(tmpdir(), `${name}.json`);
  await writeFile(collectionsFile, JSON.stringify([collection]));
  const stack = await openStack({
    legifrance: {
      codes: [],
      syntheticCodes: [{ id: CODE, title: 'Code de la coupure', articles: ARTICLES }],
      decisions: NEW_DECISIONS,
    },
  });
  const temporal = await openClient();
  const handle = () => temporal.client.workflow.getHandle(massiveWorkflowId(name));
  const start = async (more: Partial<MassiveInput> = {}): Promise<void> => {
    const input: MassiveInput = { collection: name, controls: { paused: false, lanes: 2 }, ...more };
    await temporal.client.workflow.start(WORKFLOWS.massive, {
      workflowId: massiveWorkflowId(name),
      taskQueue: name,
      args: [input],
    });
  };
  let decisions = NEW_DECISIONS;

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

  async function expectOnce(revised: readonly string[]): Promise<void> {
    const [counts] = await stack.sql(LEDGER);
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
    expect(await rowsPendingAgain()).toEqual(revised);
  }

  const env = stack.env({
    LEGISYNC_COLLECTIONS: collectionsFile,
    LEGISYNC_TASK_QUEUE: name,
    LEGISYNC_MASSIVE: name,
    LEGISYNC_MAINTENANCE: name,
    LEGISYNC_PASS_INTERVAL_SECONDS: '1',
  });
  await start();
  const first = startWorker(env);
  await passIsComplete(1);
  await first.stop();

  return {
    env,
    handle,
    async restart(maxEvents) {
      await handle().terminate('a run with an early end');
      await start({ maxEvents });
    },
    async change() {
      await stack.sql(
        `update public.files_queue set status = 'processed', processed = true, requeue = false`,
      );
      const revised = await reviseSome();
      stack.simulator.control.addDecisions(NEW_DECISIONS);
      decisions += NEW_DECISIONS;
      return { revised, pass: (await stack.supabase.catalogue.counts(name)).pass + 1 };
    },
    async expectAnotherCompletes({ revised, pass }) {
      const other = startWorker(env);
      await passIsComplete(pass);
      expect(await other.stop()).toBe(0);
      await expectOnce(revised);
    },
    async close() {
      await handle().terminate();
      await temporal.close();
      await stack.close();
      await rm(collectionsFile);
    },
  };
}

const LEDGER = `
  select (select count(*)::int from storage.objects) as objects,
         (select count(*)::int from public.files_queue) as rows,
         (select count(*)::int from storage.objects o where not exists
           (select from public.files_queue f where f.file_path = o.name)) as missing,
         (select count(*)::int from public.files_queue f where not exists
           (select from storage.objects o where o.name = f.file_path)) as dangling,
         (select count(*)::int from public.files_queue f join storage.objects o on o.name = f.file_path
           where f.content_sha256 is distinct from o.user_metadata ->> 'sha256'
              or f.file_size is distinct from (o.metadata ->> 'size')::bigint) as stale,
         (select count(*)::int from legisync.documents where held_until is not null) as leased`;

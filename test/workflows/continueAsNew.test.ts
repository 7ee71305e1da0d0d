import type { MassiveProgress } from '../../src/contract/collecting.ts';
import { UPDATES } from '../../src/contract/names.ts';
import { openMassive, runsOfChain, type MassiveStack } from '../support/massive.ts';
import { eventually, startWorker, type WorkerProcess } from '../support/workers.ts';

const CODE = 'LEGITEXT000099000002';
const ARTICLES = 3_000;
const CONTINUATIONS = 10;

describe('collectMassive', () => {
  let massive: MassiveStack;
  let worker: WorkerProcess;

  beforeAll(async () => {
    massive = await openMassive([{ kind: 'codes', name: 'codes', codes: [CODE] }], {
      legifrance: {
        codes: [],
        syntheticCodes: [{ id: CODE, title: 'Code de la durée', articles: ARTICLES }],
      },
    });
    worker = startWorker(massive.env({ LEGISYNC_PASS_INTERVAL_SECONDS: '86400' }));
    await worker.ready;
  });

  afterAll(async () => {
    await worker.stop();
    await massive.close();
  });

  it('answers every Update that is sent while it continues as new ten times', async () => {
    const { handle, stack, name } = massive;
    // Almost every batch ends a run with so few events.
    await massive.start({ maxEvents: 20 });
    const answers: MassiveProgress[] = [];
    for (let sent = 0; ; sent += 1) {
      const lanes = 1 + (sent % 3);
      const progress = await handle().executeUpdate<MassiveProgress, [number]>(UPDATES.setLanes, {
        args: [lanes],
      });
      expect(progress.controls.lanes).toBe(lanes);
      answers.push(progress);
      if (progress.runs > CONTINUATIONS && answers.length > CONTINUATIONS) break;
    }

    // The runs contain exactly the Updates that were sent, and the settings of the last one are
    // saved.
    const runs = await runsOfChain(massive);
    const accepted = runs
      .flat()
      .filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes != null).length;
    expect(accepted).toBe(answers.length);
    expect(runs.length).toBeGreaterThan(CONTINUATIONS);
    const last = answers.at(-1);
    expect(await stack.supabase.catalogue.controls(name)).toEqual(last?.controls);
    const progress = await handle().query<MassiveProgress>('progress');
    expect(progress.controls).toEqual(last?.controls);
  });

  it('carries its totals, its pass and its batch numbers through all runs', async () => {
    const { handle, stack, name } = massive;
    await eventually(async () => (await stack.supabase.catalogue.counts(name)).passComplete);
    const { totals, pass } = await handle().query<MassiveProgress>('progress');
    expect(pass).toBe(1);
    expect(totals).toMatchObject({
      discovered: ARTICLES,
      uploaded: ARTICLES,
      queued: ARTICLES,
      failedAttempts: 0,
    });
    expect((await stack.gateway.stats()).uploadsPerObjectMax).toBe(1);
  });
});

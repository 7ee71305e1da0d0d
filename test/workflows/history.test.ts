import { UPDATES } from '../../src/contract/names.ts';
import { openMassive, runsOfChain, type HistoryEvent, type MassiveStack } from '../support/massive.ts';
import { eventually, startWorker, type WorkerProcess } from '../support/workers.ts';

const CODE = 'LEGITEXT000099000004';
const ARTICLES = 2_000;

describe('the history of a collection', () => {
  let massive: MassiveStack;
  let worker: WorkerProcess;
  let runs: readonly (readonly HistoryEvent[])[];

  beforeAll(async () => {
    massive = await openMassive(
      [
        { kind: 'codes', name: 'codes', codes: [CODE] },
        { kind: 'search', name: 'decisions', fond: 'CETAT', query: '*' },
      ],
      {
        legifrance: {
          codes: [],
          syntheticCodes: [{ id: CODE, title: 'Code de l’histoire', articles: ARTICLES }],
          decisions: 40,
        },
      },
    );
    worker = startWorker(massive.env({ LEGISYNC_PASS_INTERVAL_SECONDS: '86400' }));
    await worker.ready;
    await massive.start({ controls: { paused: false, lanes: 4 } });
    await eventually(async () => (await massive.stack.supabase.catalogue.counts(massive.name)).passComplete);
    await massive.handle().executeUpdate(UPDATES.stop);
    await massive.handle().result();
    runs = await runsOfChain(massive);
  });

  afterAll(async () => {
    await worker.stop();
    await massive.close();
  });

  it('has at most 140 events and 130 KB for a thousand documents, beside its start and end (invariant 13)', async () => {
    const thousands = (ARTICLES + 40) / 1_000;
    const events = runs.reduce((sum, run) => sum + run.length, 0);
    const { historySize } = await massive.handle().describe();
    // The first fetches, the end of the pass and the Update cost up to 60 events.
    expect(events).toBeLessThanOrEqual(60 + 140 * thousands);
    expect((historySize ?? Infinity) / thousands).toBeLessThanOrEqual(130_000);
    expect(runs).toHaveLength(1);
  });

  it('has no payload over 50 KB, although a code lists thousands of ids (invariant 13)', () => {
    const sizes = runs.flat().flatMap(payloadSizes);
    expect(sizes.length).toBeGreaterThan(50);
    expect(Math.max(...sizes)).toBeLessThan(50_000);
  });

  it('holds no secret and no document (invariant 12)', () => {
    const text = runs.flat().flatMap(payloadTexts).concat(JSON.stringify(runs)).join('\n');
    expect(text).toContain('LEGIARTI');
    for (const canary of ['canary-piste-secret', massive.stack.gateway.serviceKey, 'Bearer ', 'texteHtml']) {
      expect(text).not.toContain(canary);
    }
  });
});

/** Every payload of an event, at any depth. */
function payloads(value: unknown): readonly Uint8Array[] {
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return [];
  const { data, metadata } = value as { data?: unknown; metadata?: unknown };
  if (data instanceof Uint8Array && metadata !== undefined) return [data];
  return Object.values(value).flatMap(payloads);
}

function payloadSizes(event: HistoryEvent): readonly number[] {
  return payloads(event).map((data) => data.length);
}

function payloadTexts(event: HistoryEvent): readonly string[] {
  return payloads(event).map((data) => Buffer.from(data).toString('utf8'));
}

import { randomInt } from 'node:crypto';
import type { ActivityDeps } from '../../src/activities/deps.ts';
import { openStack, type TestStack } from '../support/stack.ts';
import { articleIds, endInterval, runLane, withCollection } from './support.ts';

const CODE = 'LEGITEXT000000000921';
const DOCUMENTS = 1_000;
const PROBABILITY = 0.75;
/** The listing shows it, and no request finds it. */
const NEVER_FOUND = articleIds(CODE, 7, 7)[0] ?? '';

/** Set UNAVAILABLE_SEED to repeat a run. */
const seed = Number(process.env['UNAVAILABLE_SEED'] ?? randomInt(2 ** 31));

let stack: TestStack;
let deps: ActivityDeps;
let sequence = 1;

beforeAll(async () => {
  stack = await openStack({
    legifrance: {
      codes: [],
      syntheticCodes: [{ id: CODE, title: 'Code en partie introuvable', articles: DOCUMENTS }],
    },
  });
  deps = withCollection(stack.deps, 'codes', [{ kind: 'codes', name: 'codes', codes: [CODE] }]);
});
afterAll(() => stack.close());

/** Collects what is due. Returns how many documents it requested. */
async function collect(): Promise<number> {
  const { ids } = await runLane(deps, 'codes', sequence);
  sequence += 200;
  return ids.length;
}

/** Moves all due times back by `seconds`, as if they had passed. */
const pass = (seconds: number) =>
  stack.sql('update legisync.documents set next_attempt_at = next_attempt_at - make_interval(secs => $1)', [
    seconds,
  ]);

/** Seconds until the next document is due; undefined if none will be. */
async function nextDue(): Promise<number | undefined> {
  const [row] = await stack.sql<{ seconds: number | null }>(
    `select greatest(0, extract(epoch from min(next_attempt_at) - clock_timestamp()))::float8 as seconds
     from legisync.documents`,
  );
  return row?.seconds ?? undefined;
}

/** Collects for some days of the catalogue's time. Returns the number of requests. */
async function collectFor(days: number): Promise<number> {
  let requests = await collect();
  for (let passed = 0; ;) {
    const seconds = await nextDue();
    if (seconds === undefined || passed + seconds > days * 86_400) return requests;
    // A second more, so that the due time has really passed.
    await pass(seconds + 1);
    passed += seconds + 1;
    requests += await collect();
  }
}

const stateOf = async (id: string) =>
  (
    await stack.sql(
      'select state, next_attempt_at is not null as is_asked_for from legisync.documents where id = $1',
      [id],
    )
  )[0];

describe('documents that the API calls unknown', () => {
  it('are collected in the end if they exist, and asked for again while a listing shows them', async () => {
    stack.simulator.control.fault({ kind: 'notFound', id: NEVER_FOUND });
    stack.simulator.control.fault({ kind: 'notFound', probability: PROBABILITY, seed });
    const requests = await collectFor(14);

    const states = await stack.sql<{ state: string; n: number; waiting: number }>(
      `select state, count(*)::int as n, count(next_attempt_at)::int as waiting
       from legisync.documents group by state order by state`,
    );
    const stored = states.find(({ state }) => state === 'stored')?.n ?? 0;
    const others = states.filter(({ state }) => state !== 'stored');
    process.stdout.write(
      `UNAVAILABLE_SEED=${seed}: ${stored} of ${DOCUMENTS} stored after two weeks, with ${requests} requests\n`,
    );
    // Nine tries each: 92.5 % are expected. Below 80 % by chance: less than once in 10^40 seeds.
    expect(stored).toBeGreaterThanOrEqual(0.8 * DOCUMENTS);
    expect(others).toEqual([{ state: 'unavailable', n: DOCUMENTS - stored, waiting: DOCUMENTS - stored }]);
    expect(requests).toBeLessThan(5 * DOCUMENTS);
    expect(await stack.supabase.catalogue.counts('codes')).toMatchObject({
      unavailable: [{ source: 'codes', code: CODE, count: DOCUMENTS - stored }],
    });
  });

  it('cost one request a week in the end', async () => {
    const before = await stateOf(NEVER_FOUND);
    expect(before).toEqual({ state: 'unavailable', is_asked_for: true });
    const attempts = async () =>
      (
        await stack.sql<{ attempts: number }>('select attempts from legisync.documents where id = $1', [
          NEVER_FOUND,
        ])
      )[0]?.attempts ?? 0;
    const first = await attempts();
    await collectFor(15);
    expect((await attempts()) - first).toBe(2);
  });

  it('are withdrawn, and asked for no more, when their listing does not show them either', async () => {
    const [row] = await stack.sql<{ attempts: number }>(
      'select attempts from legisync.documents where id = $1',
      [NEVER_FOUND],
    );
    process.stdout.write(`The document that is never found cost ${row?.attempts ?? 0} requests in 29 days\n`);
    stack.simulator.control.removeDocument(NEVER_FOUND);
    await endInterval(stack, 'codes');
    await collect();
    expect(await stateOf(NEVER_FOUND)).toEqual({ state: 'withdrawn', is_asked_for: false });
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { settingsSchema, type SettingName } from '../../src/config/schema.ts';
import { documentRetry, FAILURES } from '../../src/contract/failures.ts';
import {
  ALL_AT_ONCE_LIMIT,
  CHUNK,
  EXAMPLES,
  LANES,
  MAX_BATCH,
  MAX_PAGE_SIZE,
  MAX_SIZES_CHUNK,
  MESSAGE_CHARACTERS,
  REGISTER_CHUNK,
  REPAIR_CHUNK,
} from '../../src/contract/limits.ts';
import {
  ACTIVITY,
  DAY_SECONDS,
  GRACE_SECONDS,
  MAX_RETRY_AFTER_MS,
  SLICE_LEASE_SECONDS,
  SLICE_RETRY,
  STATEMENT_MS,
} from '../../src/contract/timing.ts';
import { openStack, type TestStack } from '../support/stack.ts';

/** Every number here is read from the catalogue of the database: what is installed counts. */
let stack: TestStack;

beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.close());

type Bounds = readonly [min: number, max: number];

/** The body of a function of `public` or `legisync`. */
async function bodyOf(name: string): Promise<string> {
  const rows = await stack.sql<{ body: string }>(
    `select prosrc as body from pg_proc
      where proname = $1 and pronamespace in ('public'::regnamespace, 'legisync'::regnamespace)`,
    [name],
  );
  expect([name, rows.length]).toEqual([name, 1]);
  return rows[0]?.body ?? '';
}

/** The bounds that a function checks of a parameter: of the number, or of the length of the list. */
async function boundsOf(name: string, parameter: string): Promise<Bounds> {
  const body = await bodyOf(name);
  const check = new RegExp(
    `check_(?:bounds|list|json_list)\\('${parameter.replace('.', '\\.')}', [^;]*, (\\d+), (\\d+)\\);`,
  );
  const [, min, max] = check.exec(body) ?? [];
  expect([name, parameter, min]).toEqual([name, parameter, expect.any(String)]);
  return [Number(min), Number(max)];
}

/** The bounds of a check constraint `… >= a AND … <= b`, in the column's own unit. */
async function constraintOf(table: string, column: string): Promise<readonly [min: string, max: string]> {
  const rows = await stack.sql<{ text: string }>(
    `select pg_get_constraintdef(c.oid) as text from pg_constraint c
       join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any (c.conkey)
      where c.contype = 'c' and c.conrelid = $1::regclass and a.attname = $2`,
    [`legisync.${table}`, column],
  );
  const [, min = '', max = ''] = />= '?([^')]+)[^<]*<= '?([^')]+)/.exec(rows[0]?.text ?? '') ?? [];
  return [min, max];
}

async function secondsOf(expression: string): Promise<number> {
  const [row] = await stack.sql<{ seconds: number }>(
    `select extract(epoch from ${expression})::float8 as seconds`,
  );
  return row?.seconds ?? NaN;
}

describe('the deadlines of the database', () => {
  it('end every function of the API before its HTTP request does', async () => {
    const functions = await stack.sql<{ name: string; ms: number | null }>(
      `select p.proname as name, (
         select extract(epoch from split_part(s, '=', 2)::interval)::int * 1000
           from unnest(p.proconfig) s where s like 'statement\\_timeout=%') as ms
         from pg_proc p where p.pronamespace = 'public'::regnamespace and p.proname like 'legisync\\_%'`,
    );
    expect(functions.length).toBeGreaterThan(20);
    for (const { name, ms } of functions) expect([name, ms]).toEqual([name, expect.any(Number)]);
    expect(Math.max(...functions.map(({ ms }) => ms ?? Infinity))).toBe(STATEMENT_MS);
  });

  it('let a batch keep its documents for as long as its activity may take', async () => {
    expect(await secondsOf('legisync.batch_lease()')).toBeGreaterThanOrEqual(ACTIVITY.collectMs / 1_000);
  });

  it('accept the lease of a slice, and the delays after its failures', async () => {
    for (const name of ['legisync_lease_slice', 'legisync_register_slice'])
      expectWithin(SLICE_LEASE_SECONDS, await boundsOf(name, 'p_lease_seconds'));
    const delays = await boundsOf('legisync_fail_slice', 'p_retry_seconds');
    for (const seconds of [SLICE_RETRY.firstSeconds, SLICE_RETRY.lastSeconds, MAX_RETRY_AFTER_MS / 1_000])
      expectWithin(seconds, delays);
  });

  it('double the delay of a failed document up to a day, and of an unavailable one up to a week', async () => {
    const { retrySeconds, maxSeconds } = documentRetry('DOCUMENT_NOT_FOUND');
    const after = (seconds: number, max: number, attempts: number): Promise<number> =>
      secondsOf(`legisync.retry_at('epoch', ${seconds}, ${max}, ${attempts})`);
    expect([
      await after(60, DAY_SECONDS, 0),
      await after(60, DAY_SECONDS, 3),
      await after(60, DAY_SECONDS, 40),
    ]).toEqual([60, 480, DAY_SECONDS]);
    expect(await after(retrySeconds, maxSeconds, 40)).toBe(7 * DAY_SECONDS);
  });

  it('retry a missing object after the time of its code', async () => {
    expect(await bodyOf('settle_batch')).toContain(
      `'OBJECT_MISSING', 'retrySeconds', ${FAILURES.OBJECT_MISSING.concerns.document?.retrySeconds ?? NaN}, 'maxSeconds', 86400, 'unavailable', false`,
    );
  });
});

describe('the bounds of the functions', () => {
  it.each([
    { name: 'legisync_take_documents', parameter: 'p_limit', values: [1, MAX_BATCH] },
    { name: 'legisync_describe_documents', parameter: 'p_ids', values: [0, MAX_BATCH] },
    { name: 'legisync_enqueue_documents', parameter: 'p_stored', values: [0, MAX_BATCH] },
    { name: 'check_failures', parameter: 'p_failures', values: [0, MAX_BATCH] },
    { name: 'legisync_take_listed', parameter: 'p_documents', values: [0, MAX_PAGE_SIZE] },
    {
      name: 'legisync_register_slice',
      parameter: 'p_documents',
      values: [0, MAX_PAGE_SIZE, REGISTER_CHUNK],
    },
    {
      name: 'legisync_backfill_chunk',
      parameter: 'p_size',
      values: [CHUNK.smallest, CHUNK.min, CHUNK.default, MAX_SIZES_CHUNK],
    },
    { name: 'check_repair', parameter: 'p_size', values: [1, REPAIR_CHUNK.default] },
  ])('$name accepts what a caller may send as $parameter', async ({ name, parameter, values }) => {
    const bounds = await boundsOf(name, parameter);
    for (const value of values) expectWithin(value, bounds);
  });

  it.each([
    { name: 'legisync_save_collection_controls', parameter: 'p_lanes', bounds: [LANES.min, LANES.max] },
    { name: 'legisync_backfill_chunk', parameter: 'p_size', bounds: [1, CHUNK.max] },
    { name: 'check_repair', parameter: 'p_size', bounds: [1, REPAIR_CHUNK.max] },
    { name: 'legisync_list_differences', parameter: 'p_limit', bounds: [1, EXAMPLES.max] },
    ...['legisync_measure_coherence', 'legisync_list_differences', 'check_repair'].map((name) => ({
      name,
      parameter: 'p_grace_seconds',
      bounds: [GRACE_SECONDS.min, GRACE_SECONDS.max],
    })),
    {
      name: 'check_backfill_options',
      parameter: 'p_options.graceSeconds',
      bounds: [GRACE_SECONDS.min, GRACE_SECONDS.max],
    },
  ])('$name has the bounds of the contract for $parameter', async ({ name, parameter, bounds }) => {
    expect(await boundsOf(name, parameter)).toEqual(bounds);
  });

  it('refuse to queue more files in one transaction than the contract says', async () => {
    const body = await bodyOf('legisync_open_backfill');
    expect(body).toMatch(new RegExp(`limit ${ALL_AT_ONCE_LIMIT + 1}\\).*> ${ALL_AT_ONCE_LIMIT} then`, 's'));
  });

  it.each(['settle_failures', 'record_slice_failure'])('%s keeps a whole message', async (name) => {
    expect(await bodyOf(name)).toMatch(new RegExp(`left\\([\\w.]*message, ${MESSAGE_CHARACTERS}\\)`));
  });
});

describe('the tables', () => {
  it('accept the lanes that an operator may set', async () => {
    expect(await constraintOf('controls', 'lanes')).toEqual([String(LANES.min), String(LANES.max)]);
  });

  it('accept the grace time that a setting may have', async () => {
    const bounds = await constraintOf('settings', 'grace');
    const seconds = await Promise.all(bounds.map((bound) => secondsOf(`interval '${bound}'`)));
    expect(seconds).toEqual([GRACE_SECONDS.min, GRACE_SECONDS.max]);
  });

  it.each<[SettingName, string]>([
    ['LEGISYNC_CLAIM_ATTEMPTS', 'claim_attempts'],
    ['LEGISYNC_MAX_DELETE_PERCENT', 'max_delete_percent'],
  ])('accept the same values as %s', async (setting, column) => {
    expect((await constraintOf('settings', column)).map(Number)).toEqual(acceptedBy(setting, 1, 200));
  });

  it('keep readings and reasons for as long as the documentation says', async () => {
    const page = (name: string): string => readFileSync(join(__dirname, '../../docs', name), 'utf8');
    const [, days] = /interval '(\d+) days'/.exec(await bodyOf('legisync_measure_coherence')) ?? [];
    const [, readings] = /offset (\d+)/.exec(await bodyOf('legisync_measure_coherence')) ?? [];
    expect(page('operations.md')).toMatch(
      new RegExp(`For ${days} days, at most ${Number(readings).toLocaleString('en')}:`),
    );
    const reasons = (await secondsOf(`legisync.forget_after('failed')`)) / DAY_SECONDS;
    expect(page('workers.md')).toContain(`The reasons are kept for ${reasons} days.`);
  });
});

describe('a setting', () => {
  it('of the pass interval stays within the bounds of legisync_open_pass', async () => {
    const bounds = await boundsOf('legisync_open_pass', 'p_interval_seconds');
    for (const seconds of [1, 604_800]) {
      expect(settingsSchema.shape.LEGISYNC_PASS_INTERVAL_SECONDS.safeParse(String(seconds)).success).toBe(
        true,
      );
      expectWithin(seconds, bounds);
    }
  });
});

function expectWithin(value: number, [min, max]: Bounds): void {
  expect(value).toBeGreaterThanOrEqual(min);
  expect(value).toBeLessThanOrEqual(max);
}

/** The smallest and the largest whole number that a setting accepts, of those from `from - 1` to `to`. */
function acceptedBy(setting: SettingName, from: number, to: number): Bounds {
  const accepted = Array.from({ length: to - from + 2 }, (_, index) => from - 1 + index).filter(
    (value) => settingsSchema.shape[setting].safeParse(String(value)).success,
  );
  return [Math.min(...accepted), Math.max(...accepted)];
}

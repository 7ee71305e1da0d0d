import { openSupabase, type SupabaseStack } from '../support/supabase.ts';

/**
 * The small functions that many statements share. Every rule has a test on each side of its bound.
 */

let stack: SupabaseStack;

beforeAll(async () => {
  stack = await openSupabase();
});
afterAll(() => stack.close());

/** The value of an expression of these values, as text. `now` has one value in all of them. */
async function value(expression: string, values: readonly (string | null)[] = []): Promise<string | null> {
  const [row] = await stack.sql<{ value: string | null }>(`select (${expression})::text as value`, values);
  return row?.value ?? null;
}

/** A time as SQL: `minutes` before or after a fixed one, or null. */
const at = (minutes: number | null): string | null =>
  minutes === null ? null : new Date(Date.UTC(2026, 0, 1, 12, minutes)).toISOString();

const [A, B, A2] = ['v1:aaaa', 'v1:bbbb', 'v2:aaaa'];
const GRACE = 15;

/**
 * Hash of the object and of the row, and when each was written, in minutes; the grace time is 15
 * minutes.
 */
const CONTENT: readonly (readonly [
  what: string,
  objectHash: string | null,
  rowHash: string | null,
  objectAt: number,
  rowAt: number,
  newer: boolean,
  /** The date of the row's content. Null: a pre-existing row has none. */
  contentAt: number | null,
])[] = [
  ['the same hash, however young the object', A, A, 1_000, 0, false, null],
  ['another hash of the same version', B, A, 0, 0, true, null],
  ['another hash of the same version, of an object that is older than the row', B, A, 0, 1_000, true, null],
  ['a hash of a later version', A2, A, 1_000, 0, false, null],
  ['a hash of an earlier version', A, A2, 1_000, 0, false, null],
  ['a first hash, of an object that is older than the row', A, null, 0, 1, false, null],
  ['a first hash, of the same moment', A, null, 0, 0, false, null],
  ['a first hash, of an object that is younger than the row', A, null, 1, 0, true, null],
  ['a first hash, of an object that is a moment younger than the row’s content', A, null, 1, 0, true, 0],
  ['an object without a hash that is older than the row’s content', null, A, 0, 0, false, 1],
  ['an object without a hash of the moment of the row’s content', null, A, 1, 0, false, 1],
  ['an object without a hash that is a moment younger than the row’s content', null, A, 2, 0, true, 1],
  [
    'no hash at all, of an object that is a moment younger than the row’s content',
    null,
    null,
    2,
    1_000,
    true,
    1,
  ],
  ['no hash at all, of an object that is younger by the grace time', null, null, GRACE, 0, false, null],
  ['no hash at all, of an object that is younger by more', null, null, GRACE + 1, 0, true, null],
  ['an object without a hash over a row with one, within the grace time', null, A, GRACE, 0, false, null],
  ['an object without a hash over a row with one, after the grace time', null, A, GRACE + 1, 0, true, null],
];

describe('legisync.content_is_newer', () => {
  it.each(CONTENT)('%s', async (_what, objectHash, rowHash, objectAt, rowAt, newer, contentAt) => {
    const asked =
      'legisync.content_is_newer($1, $2, $3::timestamptz, $4::timestamptz, $5::timestamptz, $6::interval)';
    const dates = [at(objectAt), at(rowAt), at(contentAt)];
    expect(await value(asked, [objectHash, rowHash, ...dates, `${GRACE} minutes`])).toBe(String(newer));
  });
});

describe('legisync.is_stale', () => {
  /** An object of `age` minutes ago, whose content is newer than its row's or not. */
  const stale = (age: number, rowHash: string, requeue: boolean) =>
    value(
      `legisync.is_stale($1, $2, now() - $3::interval, now() - interval '1 day', null, ${requeue}, interval '${GRACE} minutes')`,
      [B, rowHash, `${age} minutes`],
    );

  it.each<[what: string, age: number, rowHash: string, requeue: boolean, stale: boolean]>([
    ['is true of newer content that is older than the grace time', GRACE, A, false, true],
    ['is false of newer content within the grace time: it may still be being queued', 14, A, false, false],
    ['is false of a row that is marked `requeue`: that is known', 1_000, A, true, false],
    ['is false of the same content', 1_000, B, false, false],
  ])('%s', async (_what, age, rowHash, requeue, expected) => {
    expect(await stale(age, rowHash, requeue)).toBe(String(expected));
  });
});

/** An expression, its parameters, and its value. */
type Row = readonly [expression: string, values: readonly (string | null)[], result: string | null];

const WRITTEN: readonly Row[] = [
  // Created, updated.
  ['legisync.object_written($1, $2) = $2', [at(0), at(1)], 'true'],
  ['legisync.object_written($1, $2) = $1', [at(0), null], 'true'],
  ['legisync.object_written($1, $2)', [null, null], '-infinity'],
  // Created, content_at.
  ['legisync.row_written($1, $2) = $2', [at(0), at(1)], 'true'],
  ['legisync.row_written($1, $2) = $1', [at(1), at(0)], 'true'],
  ['legisync.row_written($1, $2) = $1', [at(0), null], 'true'],
  ['legisync.row_written($1, $2) = $2', [null, at(0)], 'true'],
  ['legisync.row_written($1, $2)', [null, null], '-infinity'],
];

const NAMES: readonly Row[] = [
  ['legisync.is_file($1)', ['legifrance/codes/LEGIARTI000000000001.json'], 'true'],
  ['legisync.is_file($1)', ['a'], 'true'],
  ['legisync.is_file($1)', ['legifrance/codes/'], 'false'],
  ['legisync.is_file($1)', ['.emptyFolderPlaceholder'], 'false'],
  ['legisync.is_file($1)', ['legifrance/codes/.emptyFolderPlaceholder'], 'false'],
  ['legisync.is_file($1)', ['legifrance/codes/.emptyFolderPlaceholder.json'], 'true'],
  [
    'legisync.document_path($1, $2)',
    ['codes', 'LEGIARTI000000000001'],
    'legifrance/codes/LEGIARTI000000000001.json',
  ],
  ['legisync.is_category($1)', ['codes'], 'true'],
  ['legisync.is_category($1)', ['7-codes_x'], 'true'],
  ['legisync.is_category($1)', ['a'.repeat(63)], 'true'],
  ['legisync.is_category($1)', ['a'.repeat(64)], 'false'],
  ['legisync.is_category($1)', [''], 'false'],
  ['legisync.is_category($1)', ['Codes'], 'false'],
  ['legisync.is_category($1)', ['-codes'], 'false'],
  ['legisync.is_category($1)', ['../codes'], 'false'],
  ['legisync.is_category($1)', ['codes\n'], 'false'],
];

const SIZES: readonly Row[] = [
  ['legisync.object_size($1)', ['{"size": 12}'], '12'],
  ['legisync.object_size($1)', ['{"size": "12"}'], '12'],
  ['legisync.object_size($1)', ['{"size": 0}'], '0'],
  ['legisync.object_size($1)', [`{"size": ${'9'.repeat(18)}}`], '9'.repeat(18)],
  ['legisync.object_size($1)', [`{"size": ${'9'.repeat(19)}}`], null],
  ['legisync.object_size($1)', ['{"size": -1}'], null],
  ['legisync.object_size($1)', ['{"size": 1.5}'], null],
  ['legisync.object_size($1)', ['{"size": 1e30}'], null],
  ['legisync.object_size($1)', ['{"size": "many"}'], null],
  ['legisync.object_size($1)', ['{"size": null}'], null],
  ['legisync.object_size($1)', ['{"size": ""}'], null],
  ['legisync.object_size($1)', ['{}'], null],
  ['legisync.object_size($1)', [null], null],
];

const HOUR = '3600';
const DAY = '86400';
const WEEK = '604800';
const retry = 'legisync.retry_at($1, $2::float8, $3::float8, $4::integer) = $1::timestamptz + $5::interval';
const RETRIES: readonly Row[] = [
  // Now, seconds after the first failure, the most seconds, earlier failures; what is added to now.
  [retry, [at(0), HOUR, DAY, '0', '1 hour'], 'true'],
  [retry, [at(0), HOUR, DAY, '1', '2 hours'], 'true'],
  [retry, [at(0), HOUR, DAY, '4', '16 hours'], 'true'],
  [retry, [at(0), HOUR, DAY, '5', '24 hours'], 'true'],
  [retry, [at(0), HOUR, WEEK, '7', '128 hours'], 'true'],
  [retry, [at(0), HOUR, WEEK, '8', '168 hours'], 'true'],
  [retry, [at(0), '1', WEEK, '20', '168 hours'], 'true'],
  [retry, [at(0), '1', DAY, '17', '24 hours'], 'true'],
  [retry, [at(0), '0.5', DAY, '1', '1 second'], 'true'],
  [retry, [at(0), '0', DAY, '9', '0'], 'true'],
  // 2 to the power of this would be too large for any interval.
  [retry, [at(0), HOUR, DAY, '2147483647', '24 hours'], 'true'],
];

const finished = `legisync.is_finished($1::boolean, $2, '{processed,failed}')`;
const FINISHED: readonly Row[] = [
  [finished, ['true', 'pending'], 'true'],
  [finished, ['false', 'processed'], 'true'],
  [finished, ['false', 'failed'], 'true'],
  [finished, ['false', 'processing'], 'false'],
  [finished, ['false', 'Processed'], 'false'],
  [finished, [null, 'processed'], 'true'],
  [finished, [null, 'pending'], 'false'],
  [finished, [null, null], 'false'],
];

const free = `legisync.is_free($1::legisync.batch, $2, '(w,run-1,7)', '${String(at(0))}')`;
const FREE: readonly Row[] = [
  [free, [null, null], 'true'],
  [free, ['(w,run-1,6)', at(1)], 'false'],
  [free, ['(w,run-1,6)', at(0)], 'true'],
  [free, ['(w,run-1,6)', at(-1)], 'true'],
  // Another run of the same workflow has ended. Another workflow may still run.
  [free, ['(w,run-0,7)', at(1)], 'true'],
  [free, ['(x,run-0,7)', at(1)], 'false'],
  [free, ['(x,run-1,7)', at(1)], 'false'],
];

describe.each([
  ['when something was written', WRITTEN],
  ['what is a file, a path and a category', NAMES],
  ['the size of an object', SIZES],
  ['when a document is tried again', RETRIES],
  ['whether a row is finished', FINISHED],
  ['whether a batch may take over what another one holds', FREE],
])('%s', (_what, rows) => {
  it.each(rows)('%s of %j', async (expression, values, result) => {
    expect(await value(expression, values)).toBe(result);
  });
});

import { articleId } from '../support/queue.ts';
import { openSupabase, type SupabaseStack } from '../support/supabase.ts';

/** The effect of a listing on a known document, and two small functions of slices and claims. */

let stack: SupabaseStack;

beforeAll(async () => {
  stack = await openSupabase();
});
afterAll(() => stack.close());

/** The columns of a document that a listing may change. `due`: due since the listing. */
interface Columns {
  readonly source: string;
  readonly code_id: string;
  readonly revision: string;
  readonly state: string;
  readonly content_sha256: string | null;
  readonly attempts: number;
  readonly code: string | null;
  readonly due: boolean;
  readonly stored: boolean;
  readonly absent_since: number | null;
}

const STORED: Columns = {
  source: 's',
  code_id: '',
  revision: 'r1',
  state: 'stored',
  content_sha256: 'v1:a',
  attempts: 0,
  code: null,
  due: false,
  stored: true,
  absent_since: null,
};
const OF_CODE: Columns = { ...STORED, code_id: 'A' };
const FAILED: Columns = {
  ...STORED,
  state: 'failed',
  attempts: 3,
  code: 'DOCUMENT_MALFORMED',
  stored: false,
};
const WITHDRAWN: Columns = {
  ...FAILED,
  state: 'withdrawn',
  code: 'DOCUMENT_NOT_FOUND',
  absent_since: 4,
};
const SUPERSEDED: Columns = { ...OF_CODE, state: 'superseded', absent_since: 4 };
const AGAIN = { state: 'discovered', due: true, stored: false, attempts: 0, code: null } as const;

/** The source that lists it, and the signal. By default its own source and the same signal. */
interface Listing {
  readonly source?: string;
  readonly codeId?: string;
  readonly revision?: string;
  readonly adopt?: 'trust' | 'refresh';
}

const ROWS: readonly (readonly [
  what: string,
  before: Columns,
  listing: Listing,
  change: Partial<Columns>,
])[] = [
  ['nothing has changed', STORED, {}, {}],
  ['the signal has changed: it is due again', STORED, { revision: 'r2' }, { ...AGAIN, revision: 'r2' }],
  ['a failure, with the same signal, keeps its retry time', FAILED, {}, {}],
  ['a failure is forgotten with the signal', FAILED, { revision: 'r2' }, { ...AGAIN, revision: 'r2' }],
  [
    'withdrawn, and its source lists it again: unavailable, and due',
    WITHDRAWN,
    {},
    { state: 'unavailable', due: true, absent_since: null },
  ],
  [
    'withdrawn in this pass, and another source lists it: it stays',
    { ...WITHDRAWN, absent_since: 5 },
    { source: 't' },
    {},
  ],
  ['another source that lists it does not count', STORED, { source: 't', revision: 'r2' }, {}],
  ['another code that lists it does not count', OF_CODE, { codeId: 'B', revision: 'r2' }, {}],
  [
    'its own source lists it again: it is not absent',
    { ...STORED, absent_since: 5 },
    {},
    { absent_since: null },
  ],
  [
    'it has been absent for a whole pass: it passes to the source that lists it',
    { ...STORED, absent_since: 4 },
    { source: 't' },
    { source: 't', absent_since: null },
  ],
  [
    'it passes to another source with another signal: it is due',
    { ...STORED, absent_since: 3 },
    { source: 't', revision: 't1' },
    { ...AGAIN, source: 't', revision: 't1', absent_since: null },
  ],
  [
    'it is absent in a pass that is not complete: it stays',
    { ...STORED, absent_since: 5 },
    { source: 't', revision: 't1' },
    {},
  ],
  [
    'its source is no source of the pass any more',
    { ...STORED, source: 'gone' },
    { source: 't' },
    { source: 't' },
  ],
  [
    'superseded, with its content: stored again',
    SUPERSEDED,
    { codeId: 'A' },
    { state: 'stored', absent_since: null },
  ],
  [
    'superseded by another code: stored, and of that one',
    SUPERSEDED,
    { codeId: 'B' },
    { state: 'stored', code_id: 'B', absent_since: null },
  ],
  [
    'superseded before its content was collected: due',
    { ...SUPERSEDED, stored: false },
    { codeId: 'A' },
    { state: 'discovered', due: true, absent_since: null },
  ],
  [
    'superseded after a failure: failed, and due',
    { ...SUPERSEDED, stored: false, code: 'DOCUMENT_MALFORMED', attempts: 2 },
    { codeId: 'A' },
    { state: 'failed', due: true, absent_since: null },
  ],
  ['a file from before legisync is left alone', { ...STORED, content_sha256: null }, {}, {}],
  [
    'a file from before legisync is due with `refresh`',
    { ...STORED, content_sha256: null },
    { adopt: 'refresh' },
    AGAIN,
  ],
  [
    'a file collected before legisync is due with `refresh`, whichever source lists it; its owner stays',
    { ...STORED, content_sha256: null },
    { adopt: 'refresh', source: 't', revision: 't1' },
    AGAIN,
  ],
  ['a file with a hash is left alone with `refresh`', STORED, { adopt: 'refresh' }, {}],
];

/** The last complete pass is the fourth, and the sources of the pass are s and t. */
async function relisted(before: Columns, listing: Listing): Promise<Columns> {
  const document = {
    ...before,
    category: 'codes',
    id: articleId(1),
    discovered_at: '2026-01-01',
    stored_at: before.stored ? '2026-01-02' : null,
  };
  const { source = before.source, codeId = before.code_id, revision = 'r1', adopt = 'trust' } = listing;
  const [row] = await stack.sql<{ after: Columns & { stored_at: string | null } }>(
    `select to_jsonb(r) - 'next_attempt_at' || jsonb_build_object(
              'due', r.next_attempt_at is not distinct from '2026-02-01', 'stored', r.stored_at is not null) as after
       from legisync.relisted(jsonb_populate_record(null::legisync.documents, $1), $2, $3, $4, $5, 4, '{s,t}', '2026-02-01') r`,
    [JSON.stringify(document), source, codeId, revision, adopt],
  );
  if (row === undefined) throw new Error('no answer');
  const columns = Object.keys(before) as (keyof Columns)[];
  return Object.fromEntries(columns.map((name) => [name, row.after[name]])) as unknown as Columns;
}

describe('legisync.relisted', () => {
  it.each(ROWS)('%s', async (_what, before, listing, change) => {
    expect(await relisted(before, listing)).toEqual({ ...before, ...change });
  });
});

describe('legisync.slice_key', () => {
  it.each([
    [{ kind: 'source' }, { kind: 'source' }],
    [{ kind: 'undated' }, { kind: 'undated' }],
    [
      { kind: 'code', code_id: 'LEGITEXT1' },
      { kind: 'code', code: 'LEGITEXT1' },
    ],
    [
      { kind: 'window', window_from: '2020-01-01', window_to: '2020-12-31' },
      { kind: 'window', from: '2020-01-01', to: '2020-12-31' },
    ],
  ])('of %j', async (slice, key) => {
    const [row] = await stack.sql<{ key: unknown }>(
      'select legisync.slice_key(jsonb_populate_record(null::legisync.slices, $1)) as key',
      [JSON.stringify(slice)],
    );
    expect(row?.key).toEqual(key);
  });
});

describe('legisync.forget_after', () => {
  it.each([
    ['completed', '10 minutes'],
    ['returned', '7 days'],
    ['failed', '30 days'],
  ])('%s claims: %s', async (state, time) => {
    const [row] = await stack.sql<{ same: boolean }>(
      'select legisync.forget_after($1) = $2::interval as same',
      [state, time],
    );
    expect(row).toEqual({ same: true });
  });
});

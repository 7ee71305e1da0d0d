import { BUCKET } from './supabase.ts';

/** What a parameter of an RPC function takes, and what it refuses besides null. */
export interface Parameter {
  readonly valid: unknown;
  readonly invalid: readonly unknown[];
}

const many = (count: number): string[] => Array.from({ length: count }, (_, n) => `x${n}`);
const long = (length: number): string => 'x'.repeat(length);

const text = (valid: string, most: number, least: 0 | 1 = 1): Parameter => ({
  valid,
  invalid: [...(least === 1 ? [''] : []), long(most + 1)],
});
const number = (valid: number, least: number, most: number): Parameter => ({
  valid,
  invalid: [least - 1, most + 1],
});
const list = (valid: readonly string[], least: 0 | 1, most: number): Parameter => ({
  valid,
  invalid: [...(least === 1 ? [[]] : []), many(most + 1), [null]],
});
/** A JSON array of objects with these keys. */
const objects = (valid: Readonly<Record<string, unknown>>, least: 0 | 1, most: number): Parameter => ({
  valid: [valid],
  invalid: [
    ...(least === 1 ? [[]] : []),
    many(most + 1).map((id) => ({ ...valid, id })),
    valid,
    'x',
    1,
    [null],
    ['x'],
    [[]],
    [{}],
  ],
});

const bucket = text(BUCKET, 100);
const category: Parameter = { valid: 'codes', invalid: ['', 'Codes', '../codes', long(64)] };
const source = text('codes', 200);
const grace = number(900, 0, 86_400);
const lease = number(60, 1, 86_400);
const adopt: Parameter = { valid: 'trust', invalid: ['', 'Trust', 'ignore'] };
const cursorOf = text('', 1_024, 0);
const id = 'LEGIARTI000000000001';
const listed = { id, revision: 'r1' };
/**
 * A listing may have no change signal: the one field besides `before` of p_options that takes null.
 */
const unsigned = { id: 'LEGIARTI000000000002', revision: null };
const batch: Parameter = {
  valid: { workflow: 'w', run: 'r', sequence: 1 },
  invalid: [
    {},
    [],
    'w',
    { workflow: 'w', run: 'r' },
    { workflow: '', run: 'r', sequence: 1 },
    { workflow: 'w', run: '', sequence: 1 },
    { workflow: 'w', run: null, sequence: 1 },
    { workflow: long(1_001), run: 'r', sequence: 1 },
    { workflow: 'w', run: 'r', sequence: '1' },
    { workflow: 'w', run: 'r', sequence: -1 },
    { workflow: 'w', run: 'r', sequence: 2_147_483_648 },
  ],
};
const window2020 = { kind: 'window', from: '2020-01-01', to: '2020-12-31' };
const keys: Parameter = {
  valid: [{ kind: 'undated' }, { kind: 'code', code: 'LEGITEXT000000000001' }, window2020],
  invalid: [
    ...objects({ kind: 'undated' }, 1, 1_000).invalid,
    [{ kind: 'other' }],
    // What a pass begins with: nothing would replace the slice.
    [{ kind: 'source' }],
    [{ kind: 'code' }],
    [{ kind: 'code', code: '' }],
    [{ ...window2020, from: null }],
    [{ ...window2020, to: '2019-12-31' }],
    [{ ...window2020, to: '2020-13-01' }],
    [{ ...window2020, to: 'soon' }],
    [{ kind: 'undated' }, { kind: 'window' }],
  ],
};
const slice: Parameter = { valid: 1, invalid: [0, -1] };
const failedSlice = {
  p_slice: slice,
  p_batch: batch,
  p_attempts: { valid: 0, invalid: [-1] },
  p_code: text('LEGIFRANCE_REJECTED', 100),
  p_message: text('why', 1_000_000, 0),
};
const repair = {
  p_bucket: bucket,
  p_grace_seconds: grace,
  p_after: cursorOf,
  p_size: number(100, 1, 100_000),
  p_dry_run: { valid: true, invalid: [] },
};
const token: Parameter = { valid: '00000000-0000-4000-8000-000000000000', invalid: [] };
const paths = list(['a.json'], 0, 1_000);
const failure = {
  id,
  code: 'DOCUMENT_NOT_FOUND',
  message: 'why',
  retrySeconds: 60,
  maxSeconds: 600,
  unavailable: true,
};
const options = { kind: 'queue', prefix: '', finished: false, graceSeconds: 900, allAtOnce: false };

/** Every function of the API and each of its parameters, in their order. None takes null. */
export const PARAMETERS: Readonly<Record<string, Readonly<Record<string, Parameter>>>> = {
  legisync_backfill_chunk: {
    p_run: { valid: 1, invalid: [0, -1] },
    p_phase: { valid: 'queue', invalid: ['', 'Queue', 'queue:'] },
    p_position: cursorOf,
    p_size: number(100, 1, 1_000_000),
  },
  legisync_claim_files: { p_worker: text('w', 200), p_batch: number(1, 1, 1_000), p_lease_seconds: lease },
  legisync_collection_controls: { p_collection: category },
  legisync_collection_counts: { p_collection: category },
  legisync_complete_files: { p_token: token, p_paths: paths },
  legisync_count_objects: { p_bucket: bucket },
  legisync_describe_documents: {
    p_bucket: bucket,
    p_category: category,
    p_batch: batch,
    p_ids: list([id], 0, 1_000),
  },
  legisync_enqueue_documents: {
    p_bucket: bucket,
    p_category: category,
    p_batch: batch,
    p_stored: list([id], 0, 1_000),
    p_failures: {
      ...objects(failure, 0, 1_000),
      invalid: [
        ...objects(failure, 0, 1_000).invalid,
        [{ ...failure, code: 1 }],
        [{ ...failure, retrySeconds: 'soon' }],
        [{ ...failure, retrySeconds: null }],
        [{ ...failure, maxSeconds: null }],
        [{ ...failure, unavailable: null }],
        [failure, { ...failure, id: null }],
      ],
    },
  },
  legisync_expire_claims: {},
  legisync_extend_files: { p_token: token, p_paths: paths, p_lease_seconds: lease },
  legisync_fail_files: {
    p_token: token,
    p_paths: paths,
    p_error: text('why', 1_000_000, 0),
    p_retry_seconds: number(0, 0, 86_400),
  },
  legisync_fail_slice: {
    ...failedSlice,
    p_retry_seconds: { valid: 60, invalid: [-1, 31_536_001, 'NaN', 'Infinity', '-Infinity'] },
  },
  legisync_insertion_rate: {},
  legisync_last_backfill: { p_bucket: bucket },
  legisync_lease_slice: {
    p_collection: category,
    p_pass: { valid: 1, invalid: [0] },
    p_batch: batch,
    p_lease_seconds: lease,
  },
  legisync_list_differences: {
    p_bucket: bucket,
    p_kind: { valid: 'stale', invalid: ['', 'Stale', 'all'] },
    p_grace_seconds: grace,
    p_limit: number(10, 1, 1_000),
  },
  legisync_maintenance_cursor: { p_collection: category, p_source: source },
  legisync_measure_coherence: {
    p_bucket: bucket,
    p_kind: { valid: 'cheap', invalid: ['', 'Full', 'all'] },
    p_grace_seconds: grace,
  },
  legisync_open_backfill: {
    p_bucket: bucket,
    p_owner: text('o', 1_000),
    p_start: { valid: 'new', invalid: ['', 'New', 'anew'] },
    p_options: {
      valid: options,
      invalid: [
        [],
        'x',
        {},
        { ...options, kind: 'all' },
        { ...options, prefix: null },
        { ...options, prefix: long(1_025) },
        { ...options, finished: null },
        { ...options, allAtOnce: 'maybe' },
        { ...options, graceSeconds: -1 },
        { ...options, graceSeconds: 86_401 },
        { ...options, graceSeconds: '900' },
        { ...options, before: 'yesterday evening' },
        { ...options, before: '2026-13-01T00:00:00Z' },
      ],
    },
  },
  legisync_open_pass: {
    p_collection: category,
    p_sources: { valid: ['codes'], invalid: [...list([], 1, 1_000).invalid, [''], ['codes', long(201)]] },
    p_interval_seconds: number(60, 0, 31_536_000),
  },
  legisync_park_slice: failedSlice,
  legisync_plan_backfill: { p_bucket: bucket, p_prefix: cursorOf },
  legisync_register_slice: {
    p_bucket: bucket,
    p_slice: slice,
    p_batch: batch,
    p_round: { valid: 1, invalid: [0] },
    p_page: number(1, 1, 1_000_000),
    p_documents: { ...objects(listed, 0, 10_000), valid: [listed, unsigned] },
    p_action: { valid: 'whole', invalid: ['', 'Whole', 'end'] },
    p_lease_seconds: lease,
    p_adopt: adopt,
  },
  legisync_release_files: { p_token: token, p_paths: paths },
  legisync_release_slice: { p_slice: slice, p_batch: batch },
  legisync_repair_dangling: repair,
  legisync_repair_stale: repair,
  legisync_save_collection_controls: {
    p_collection: category,
    p_paused: { valid: true, invalid: [] },
    p_lanes: number(4, 1, 16),
  },
  legisync_split_slice: { p_slice: slice, p_batch: batch, p_keys: keys },
  legisync_take_documents: { p_category: category, p_batch: batch, p_limit: number(100, 1, 1_000) },
  legisync_take_listed: {
    p_bucket: bucket,
    p_category: category,
    p_batch: batch,
    p_source: source,
    p_documents: { ...objects(listed, 0, 1_000), valid: [listed, unsigned] },
    p_cursor: { valid: { page: 1, size: 50 }, invalid: ['x', 1, true, []] },
    p_adopt: adopt,
  },
};

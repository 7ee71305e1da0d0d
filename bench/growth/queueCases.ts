import type { GrowthCase } from './case.ts';
import { BUCKET } from './names.ts';

const CLAIM = `select legisync_claim_files('w', 100, 60)`;
const CLAIMED = {
  token: 'select max(token::text) from legisync.claims',
  paths: 'select array_agg(file_path) from legisync.claims',
};

/** Workers' files. */
export const CLAIMS: readonly GrowthCase[] = [
  {
    name: 'claim_files, 100',
    call: `legisync_claim_files('w', 100, 60)`,
    expect: `json_array_length(a -> 'files') = 100`,
  },
  {
    name: 'claim_files, 100, as 100 leases have ended',
    before: `insert into legisync.claims (file_path, state, token, holder, attempts, held_since, held_until)
               select file_path, 'held', gen_random_uuid(), 'w', 1, now(), now() - interval '1 minute'
                 from (select file_path from public.files_queue order by md5(file_path) limit 100) f`,
    call: `legisync_claim_files('w', 100, 60)`,
    expect: `json_array_length(a -> 'files') = 100`,
  },
  {
    name: 'complete_files, 100',
    before: CLAIM,
    given: CLAIMED,
    call: `legisync_complete_files({token}, {paths})`,
    expect: `a ->> 'completed' = '100'`,
  },
  {
    name: 'fail_files, 100',
    before: CLAIM,
    given: CLAIMED,
    call: `legisync_fail_files({token}, {paths}, 'failed', 0)`,
    expect: `a ->> 'retried' = '100'`,
  },
  {
    name: 'release_files, 100',
    before: CLAIM,
    given: CLAIMED,
    call: `legisync_release_files({token}, {paths})`,
    expect: `a ->> 'released' = '100'`,
  },
  {
    name: 'extend_files, 100',
    before: CLAIM,
    given: CLAIMED,
    call: `legisync_extend_files({token}, {paths}, 60)`,
    expect: `a ->> 'extended' = '100'`,
  },
];

const chunk = (phase: string) => ({
  before: `insert into legisync.backfill_runs (bucket_id, kind, grace, owner, phase)
             values ('${BUCKET}', '${phase === 'sizes' ? 'sizes' : 'queue'}', '15 minutes', 'bench', '${phase}')`,
  given: { run: 'select max(id) from legisync.backfill_runs' },
  call: `legisync_backfill_chunk({run}, '${phase}', '', 100000)`,
});
/** The chunk that queues the first 100,000 files by path. */
export const QUEUE_CHUNK = chunk('queue');

export const BACKFILL: readonly GrowthCase[] = [
  ...['queue', 'catch_up', 'verify'].map((phase) => ({
    name: `backfill_chunk, ${phase}, 100,000 that have a row`,
    ...chunk(phase),
    expect: `a ->> 'scanned' = '100000' and (a ->> 'changed')::int < 1000`,
  })),
  {
    name: 'backfill_chunk, sizes, 100,000 rows',
    ...chunk('sizes'),
    expect: `a ->> 'scanned' = '100000'`,
  },
  {
    name: 'count_objects',
    call: `legisync_count_objects('${BUCKET}')`,
    expect: `a::text::int > 0`,
  },
];

/** Comparisons, repairs, and the guard. */
export const COHERENCE: readonly GrowthCase[] = [
  ...['cheap', 'full'].map((kind) => ({
    name: `measure_coherence, ${kind}`,
    call: `legisync_measure_coherence('${BUCKET}', '${kind}', 900)`,
    expect: `a ->> 'kind' = '${kind}'`,
  })),
  ...['missing', 'dangling', 'stale'].map((kind) => ({
    name: `list_differences, 100 of 1,000 ${kind}`,
    call: `legisync_list_differences('${BUCKET}', '${kind}', 900, 100)`,
    expect: `json_array_length(a) = 100`,
  })),
  ...['dangling', 'stale'].map((kind) => ({
    name: `repair_${kind}, dry run, a chunk of 10,000`,
    call: `legisync_repair_${kind}('${BUCKET}', 900, 'legifrance/cat01/', 10000, true)`,
    expect: `a ->> 'scanned' = '10000'`,
  })),
  { name: 'insertion_rate', call: `legisync_insertion_rate()`, expect: `json_typeof(a) = 'array'` },
  {
    name: 'the guard, DELETE of one row',
    // A function, so that the trigger's buffers are counted too.
    before: `create function pg_temp.delete_one() returns json language plpgsql as $$
             begin
               delete from public.files_queue where file_path = (select min(file_path) from public.files_queue);
               return to_json(found);
             end $$`,
    call: `pg_temp.delete_one()`,
    expect: `a::text = 'true'`,
  },
];

import type { GrowthGroup } from './case.ts';
import { BATCHES, ENUMERATION } from './catalogueCases.ts';
import { BUCKET } from './names.ts';
import { BACKFILL, CLAIMS, COHERENCE, QUEUE_CHUNK } from './queueCases.ts';

const RANGE = `(select name from storage.objects where bucket_id = '${BUCKET}' order by name limit 100000)`;

export const GROWTH_GROUPS: readonly GrowthGroup[] = [
  { prepare: [], cases: [...ENUMERATION, ...BATCHES, ...CLAIMS, ...BACKFILL, ...COHERENCE] },
  {
    prepare: [
      `begin; set local legisync.allow_emptying = 'files_queue';
       delete from public.files_queue where file_path in ${RANGE}; commit`,
      'vacuum (analyze) public.files_queue',
    ],
    cases: [
      {
        name: 'backfill_chunk, queue, 100,000 that have none',
        ...QUEUE_CHUNK,
        expect: `a ->> 'scanned' = '100000' and (a ->> 'changed')::int > 99900`,
        after: 'vacuum public.files_queue',
      },
    ],
  },
  {
    prepare: ['update public.files_queue set processed = true', 'vacuum (analyze) public.files_queue'],
    cases: [
      {
        name: 'claim_files, all that is pending is processed as well',
        call: `legisync_claim_files('w', 100, 60)`,
        expect: `json_array_length(a -> 'files') = 0`,
      },
    ],
  },
];

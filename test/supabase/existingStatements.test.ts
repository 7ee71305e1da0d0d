import { documentPath } from '../../src/contract/documents.ts';
import { OPTION_A } from '../support/optionA.ts';
import { articleId, emptyTables, putObject, type QueueRow } from '../support/queue.ts';
import { BUCKET, openSupabase, type SupabaseStack } from '../support/supabase.ts';

// Exactly five statements that operators use on files_queue.

const OPTION_B = `-- OPTION B : Tout d'un coup (seulement si <100k fichiers)
INSERT INTO files_queue (file_path, bucket_id, file_size, status, processed)
SELECT 
    name,
    bucket_id,
    (metadata->>'size')::BIGINT,
    'pending',
    FALSE
FROM storage.objects
WHERE bucket_id = 'agentbasic-legifrance-raw'
ON CONFLICT (file_path) DO NOTHING;`;

const STATS = `-- Stats comparatifs
SELECT 
    'Storage' as source,
    COUNT(*) as total_files,
    pg_size_pretty(SUM((metadata->>'size')::BIGINT)) as total_size
FROM storage.objects
WHERE bucket_id = 'agentbasic-legifrance-raw'

UNION ALL

SELECT 
    'files_queue' as source,
    COUNT(*) as total_files,
    pg_size_pretty(SUM(file_size)) as total_size
FROM files_queue;`;

const DESYNCHRONISATION = `-- Fichiers dans Storage MAIS PAS dans files_queue
SELECT COUNT(*) as missing_in_queue
FROM storage.objects s
LEFT JOIN files_queue fq ON s.name = fq.file_path
WHERE s.bucket_id = 'agentbasic-legifrance-raw'
  AND fq.file_path IS NULL;`;

const RATE = `-- Fichiers ajoutés dans les dernières 10 minutes
SELECT 
    date_trunc('minute', created_at) as minute,
    COUNT(*) as files_inserted,
    STRING_AGG(DISTINCT bucket_id, ', ') as buckets
FROM files_queue
WHERE created_at > NOW() - INTERVAL '10 minutes'
GROUP BY date_trunc('minute', created_at)
ORDER BY minute DESC;`;

const OBJECTS = 5;
const BODY = 'x'.repeat(1_000);
const PATHS = Array.from({ length: OBJECTS }, (_, index) => documentPath('codes', articleId(index + 1)));

let stack: SupabaseStack;

beforeAll(async () => {
  stack = await openSupabase();
  for (const path of PATHS) await putObject(stack, path, BODY);
});
beforeEach(() => emptyTables(stack));
afterAll(() => stack.close());

const missing = async () => (await stack.sql<{ missing_in_queue: string }>(DESYNCHRONISATION))[0];

describe('the statements that operators use on the queue', () => {
  it.each([
    ['option A', OPTION_A],
    ['option B', OPTION_B],
  ])(
    '%s fills an empty queue from Storage, and changes nothing the second time',
    async (_name, statement) => {
      expect(await missing()).toEqual({ missing_in_queue: '5' });
      await stack.sql(statement);
      expect(await missing()).toEqual({ missing_in_queue: '0' });
      const rows = () => stack.sql<QueueRow>('select * from public.files_queue order by file_path');
      const first = await rows();
      expect(first.map((row) => [row.file_path, row.file_size, row.status, row.processed])).toEqual(
        PATHS.map((path) => [path, '1000', 'pending', false]),
      );
      await stack.sql(statement);
      expect(await rows()).toEqual(first);
    },
  );

  it('the comparison counts both sides', async () => {
    await stack.sql(OPTION_B);
    await stack.sql('delete from public.files_queue where file_path = $1', [PATHS[0]]);
    expect(await stack.sql(STATS)).toEqual([
      { source: 'Storage', total_files: '5', total_size: '5000 bytes' },
      { source: 'files_queue', total_files: '4', total_size: '4000 bytes' },
    ]);
  });

  it('the desynchronisation counts the objects without a row', async () => {
    await stack.sql(OPTION_B);
    await stack.sql('delete from public.files_queue where file_path = any ($1)', [PATHS.slice(0, 2)]);
    expect(await missing()).toEqual({ missing_in_queue: '2' });
  });

  it('the rate counts the rows of the last ten minutes, by minute', async () => {
    await stack.sql(OPTION_B);
    await stack.sql(
      `update public.files_queue set created_at = now() - interval '11 minutes' where file_path = $1`,
      [PATHS[0]],
    );
    const [row, ...others] = await stack.sql<{ minute: Date; files_inserted: string; buckets: string }>(RATE);
    expect(others).toEqual([]);
    expect(row).toMatchObject({ files_inserted: '4', buckets: BUCKET });
    expect(row?.minute).toBeInstanceOf(Date);
  });
});

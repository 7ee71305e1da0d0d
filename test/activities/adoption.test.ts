import type { Source } from '../../src/contract/collections.ts';
import { openStack, type TestStack } from '../support/stack.ts';
import { BUCKET } from '../support/supabase.ts';
import {
  articleIds,
  batchOf,
  endInterval,
  fetchMassive,
  upload,
  withCollection,
  runLane,
} from './support.ts';

const LARGE = 'LEGITEXT000000000931';
const SMALL = 'LEGITEXT000000000932';
const FILES = 10_000;
const codes = (code: string): Source[] => [{ kind: 'codes', name: 'codes', codes: [code] }];

describe('invariant 4: files from before legisync', () => {
  let stack: TestStack;

  /** Objects without a hash, and their rows, as an earlier collector left them. */
  async function preExistingFiles(collection: string, code: string, count: number): Promise<void> {
    const names = articleIds(code, 1, count).map((id) => `legifrance/${collection}/${id}.json`);
    await stack.sql(
      `insert into storage.objects (bucket_id, name, metadata)
         select $1, name, '{"size": 100, "mimetype": "application/json"}' from unnest($2::text[]) name`,
      [BUCKET, names],
    );
    await stack.sql(
      `insert into public.files_queue (file_path, bucket_id, file_size, status, processed)
         select name, $1, 100, (array['pending', 'processed', 'OCR failed?', '', 'en cours'])[1 + n % 5], n % 3 = 0
         from unnest($2::text[]) with ordinality as f (name, n)`,
      [BUCKET, names],
    );
  }

  /** Differs after any change of a row or object of a collection. */
  async function fingerprint(collection: string): Promise<string | undefined> {
    const [row] = await stack.sql<{ print: string }>(
      `select md5(string_agg(o::text || q::text, '|' order by q.file_path)) || count(*) as print
         from public.files_queue q join storage.objects o on o.name = q.file_path
        where q.file_path like 'legifrance/' || $1 || '/%'`,
      [collection],
    );
    return row?.print;
  }

  beforeAll(async () => {
    stack = await openStack({
      legifrance: {
        codes: [],
        syntheticCodes: [
          { id: LARGE, title: 'Code ancien', articles: FILES },
          { id: SMALL, title: 'Petit code ancien', articles: 40 },
        ],
      },
    });
  });
  beforeEach(() => stack.simulator.control.resetStats());
  afterAll(() => stack.close());

  it('are known and left alone: 10,000 files cost no consult, no upload and no change of a row', async () => {
    const deps = withCollection(stack.deps, 'old', codes(LARGE));
    await preExistingFiles('old', LARGE, FILES);
    const before = await fingerprint('old');
    const { ids, discovered, last } = await runLane(deps, 'old');
    expect({ ids, discovered, reason: last.reason }).toEqual({ ids: [], discovered: FILES, reason: 'pass' });
    expect(stack.simulator.control.stats().consults.total).toBe(0);
    expect((await stack.gateway.stats()).uploads).toBe(0);
    expect(await fingerprint('old')).toBe(before);
    expect(before).toMatch(/10000$/);
    expect((await deps.catalogue.counts('old')).documents).toEqual({ stored: FILES });

    // The same in the next pass: only a changed document is collected.
    const [revised = ''] = articleIds(LARGE, 5_000, 5_000);
    stack.simulator.control.reviseArticle(revised);
    await endInterval(stack, 'old');
    expect((await runLane(deps, 'old', 100)).ids).toEqual([revised]);
    expect(stack.simulator.control.stats().consults.total).toBe(1);
    expect((await stack.gateway.stats()).uploads).toBe(1);
  });

  it('are collected again with the setting `refresh`', async () => {
    const settings = { ...stack.deps.settings, adopt: 'refresh' } as const;
    const deps = { ...withCollection(stack.deps, 'refreshed', codes(SMALL)), settings };
    await preExistingFiles('refreshed', SMALL, 40);
    const batch = batchOf('refreshed', 1);
    const { ids } = await fetchMassive(deps, batch);
    expect(ids).toEqual(articleIds(SMALL, 1, 40));
    const result = await upload(deps, batch, ids);
    expect([...result.uploaded].sort()).toEqual(ids);
    expect(stack.simulator.control.stats().consults).toMatchObject({ total: 40, maxPerDocument: 1 });
  });
});

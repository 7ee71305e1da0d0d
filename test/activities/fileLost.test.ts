import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { documentPath } from '../../src/contract/documents.ts';
import { GRACE } from '../support/coherence.ts';
import { openStack, type TestStack } from '../support/stack.ts';
import { BUCKET } from '../support/supabase.ts';
import { articleIds, batchOf, enqueue, fetchMassive, upload, withCollection } from './support.ts';

const CODE = 'LEGITEXT000000000911';
const [LOST = ''] = articleIds(CODE, 3, 3);
const PATH = documentPath('codes', LOST);

/** The statement of docs/operations.md under the heading with `words`. */
function documentedStatement(words: string): string {
  const page = readFileSync(join(__dirname, '../../docs/operations.md'), 'utf8');
  const section = page.split(/^### /m).find((text) => text.startsWith(words)) ?? '';
  const statement = /```sql\n([\s\S]*?)```/.exec(section)?.[1];
  if (statement === undefined) throw new Error(`docs/operations.md has no statement under "${words}".`);
  return statement;
}

let stack: TestStack;

beforeAll(async () => {
  stack = await openStack({
    legifrance: { codes: [], syntheticCodes: [{ id: CODE, title: 'Petit code', articles: 5 }] },
  });
});
afterAll(() => stack.close());

const row = async () =>
  (
    await stack.sql(
      'select status, dangling_since is not null as marked from public.files_queue where file_path = $1',
      [PATH],
    )
  )[0];

describe('a file that was lost', () => {
  it('is collected again after the statement in docs/operations.md, and its row is pending', async () => {
    const deps = withCollection(stack.deps, 'codes', [{ kind: 'codes', name: 'codes', codes: [CODE] }]);
    const collect = async (sequence: number): Promise<readonly string[]> => {
      const batch = batchOf('codes', sequence);
      const { ids } = await fetchMassive(deps, batch);
      await enqueue(deps, batch, await upload(deps, batch, ids));
      return ids;
    };
    expect(await collect(1)).toHaveLength(5);

    await stack.sql(`update storage.objects set name = 'elsewhere' where name = $1`, [PATH]);
    await stack.sql(`update public.files_queue set created_at = now() - interval '1 day', content_at = null`);
    const input = { bucket: BUCKET, graceSeconds: GRACE, after: '', size: 1_000, dryRun: false };
    expect(await stack.supabase.coherence.repairDangling(input)).toMatchObject({ marked: 1 });
    expect(await row()).toEqual({ status: 'dangling', marked: true });
    expect(await collect(2)).toEqual([]);

    await stack.sql(documentedStatement('How do I get the file of a dangling row back?'));
    expect(await collect(3)).toEqual([LOST]);
    expect(await row()).toEqual({ status: 'pending', marked: false });
  });
});

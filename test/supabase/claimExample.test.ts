import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { documentPath } from '../../src/contract/documents.ts';
import { plantRows, workerApi } from '../support/claims.ts';
import { workUntilEmpty } from '../support/exampleWorker.ts';
import { articleId, putObject } from '../support/queue.ts';
import { asPostgres, withSession } from '../support/sessions.ts';
import { openSupabase, type SupabaseStack } from '../support/supabase.ts';

const ROOT = join(__dirname, '../..');
const PAGE = readFileSync(join(ROOT, 'docs/workers.md'), 'utf8');

/** The blocks of a language, in their order. */
const blocks = (language: string): string[] =>
  [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, text = '']) => text);

let stack: SupabaseStack;

beforeEach(async () => {
  stack = await openSupabase();
});
afterEach(() => stack.close());

const statuses = async () => {
  const rows = await stack.sql<{ file_path: string; status: string }>(
    'select file_path, status from public.files_queue order by file_path',
  );
  return rows.map((row) => [row.file_path, row.status]);
};

describe('docs/workers.md', () => {
  it('shows exactly the example that is tested', () => {
    expect(blocks('ts')[0]).toBe(readFileSync(join(ROOT, 'test/support/exampleWorker.ts'), 'utf8'));
  });

  it('has an example in TypeScript that works all files, and fails the one that it cannot work', async () => {
    const paths = Array.from({ length: 25 }, (_, n) => `file-${String(n).padStart(2, '0')}.json`);
    await plantRows(stack, paths);
    for (const path of paths.slice(1)) await putObject(stack, path, `text of ${path}`);
    const { client } = workerApi(stack);
    const read: string[] = [];
    await workUntilEmpty(client, 'example', async ({ bucketId, filePath }) => {
      const { data, error } = await client.storage.from(bucketId).download(filePath);
      if (error !== null) throw error;
      read.push(await data.text());
    });
    expect(read).toEqual(paths.slice(1).map((path) => `text of ${path}`));
    expect(await statuses()).toEqual(paths.map((path, n) => [path, n === 0 ? 'processing' : 'processed']));
    expect(await stack.sql(`select error from legisync.claims where state = 'waiting'`)).toMatchObject([
      { error: 'Object not found' },
    ]);
  });

  it('has statements for a Worker that polls: they finish what it has taken, and nothing else', async () => {
    const [poll = '', several = ''] = blocks('sql');
    const [one, two] = [1, 2].map((number) => documentPath('codes', articleId(number)));
    if (one === undefined || two === undefined) throw new Error('two paths');
    await plantRows(stack, [one, two]);
    await stack.sql(poll);
    const first = [
      [one, 'processed'],
      [two, 'pending'],
    ];
    expect(await statuses()).toEqual(first);
    await stack.sql(several);
    expect(await statuses()).toEqual(first);
    await stack.sql(`update public.files_queue set status = 'processing' where file_path = $1`, [two]);
    await stack.sql(several);
    expect(await statuses()).toEqual([
      [one, 'processed'],
      [two, 'processed'],
    ]);
  });

  it('has an example in SQL that claims, extends and completes, and questions that can be asked', async () => {
    await plantRows(stack, ['a.json', 'b.json']);
    await withSession(asPostgres(stack.databaseUrl), async ({ client }) => {
      for (const sql of blocks('sql').slice(2)) await client.query(sql);
    });
    expect(await statuses()).toEqual([
      ['a.json', 'processed'],
      ['b.json', 'processed'],
    ]);
  });
});

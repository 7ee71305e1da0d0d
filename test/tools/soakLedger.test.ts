import { createClient } from '@supabase/supabase-js';
import { installAudit } from '../../bench/soak/audit.ts';
import { LEDGER, readLedger, type DatabaseEntry } from '../../bench/soak/ledger.ts';
import { findOutdated } from '../../bench/soak/outdated.ts';
import { documentPath } from '../../src/contract/documents.ts';
import { workerApi } from '../support/claims.ts';
import { articleId, putObject } from '../support/queue.ts';
import { BUCKET, openSupabase, type SupabaseStack } from '../support/supabase.ts';

const CATEGORY = 'codes';
const IDS = [1, 2, 3, 4, 5, 6].map(articleId);
const PATHS = IDS.map((id) => documentPath(CATEGORY, id));
const [FIRST = ''] = PATHS;
const [FIRST_ID = ''] = IDS;
const BATCH = JSON.stringify({ workflow: 'massive', run: 'run-1', sequence: 1 });

let stack: SupabaseStack;

/** Six documents that are collected, queued and processed, with nothing wrong. */
beforeEach(async () => {
  stack = await openSupabase();
  await stack.sql(`update legisync.settings set grace = '0'`);
  await installAudit(stack.sql);
  await stack.sql(
    `insert into legisync.documents (category, id, source, revision, state, next_attempt_at)
     select $1, id, 'test', 'r1', 'discovered', clock_timestamp() from unnest($2::text[]) id`,
    [CATEGORY, IDS],
  );
  await stack.sql('select legisync_take_documents($1, $2, 10)', [CATEGORY, BATCH]);
  for (const path of PATHS) await putObject(stack, path, `text of ${path}`);
  await enqueue(IDS);
  await finish();
});
afterEach(() => stack.close());

async function enqueue(ids: readonly string[]): Promise<void> {
  await stack.sql(`select legisync_enqueue_documents($1, $2, $3, $4, '[]')`, [BUCKET, CATEGORY, BATCH, ids]);
}

/** Workers finish everything. */
async function finish(): Promise<void> {
  const api = workerApi(stack);
  const { token, files } = await api.claim(100);
  await api.complete(
    token,
    files.map(({ filePath }) => filePath),
  );
}

/** The entries that are not empty, with their counts. */
async function found(): Promise<Partial<Record<DatabaseEntry, number>>> {
  const ledger = await readLedger(stack.sql, { bucket: BUCKET, paths: PATHS });
  return Object.fromEntries(
    Object.entries(ledger).flatMap(([entry, { count }]) => (count === 0 ? [] : [[entry, count]])),
  );
}

describe('the ledger', () => {
  it('finds nothing if nothing is wrong, and has every entry', async () => {
    expect(await found()).toEqual({});
    const ledger = await readLedger(stack.sql, { bucket: BUCKET, paths: PATHS });
    expect(Object.keys({ ...ledger, outdated: null }).sort()).toEqual(Object.keys(LEDGER).sort());
  });

  it('finds a row that was deleted', async () => {
    await stack.sql('delete from public.files_queue where file_path = $1', [FIRST]);
    const { lost } = await readLedger(stack.sql, { bucket: BUCKET, paths: PATHS });
    expect(lost).toEqual({ count: 1, examples: [`${FIRST} (no row)`] });
    expect(await found()).toEqual({ lost: 1, missing: 1 });
  });

  it('finds an object that was removed', async () => {
    await stack.sql(
      `begin; set local storage.allow_delete_query = 'true';
       delete from storage.objects where name = '${FIRST}'; commit`,
    );
    const { lost } = await readLedger(stack.sql, { bucket: BUCKET, paths: PATHS });
    expect(lost).toEqual({ count: 1, examples: [`${FIRST} (no object)`] });
    expect(await found()).toEqual({ lost: 1, dangling: 1 });
  });

  it('finds content that no row stands for', async () => {
    await putObject(stack, FIRST, 'another text');
    expect(await found()).toEqual({ stale: 1 });
  });

  it('finds a claim whose Worker is gone, and the row that it holds', async () => {
    await putObject(stack, FIRST, 'another text');
    await enqueue([FIRST_ID]);
    await workerApi(stack).claim(1, 1, 'gone');
    expect(await found()).toEqual({ orphanedClaims: 1, unfinished: 1 });
  });

  it('finds a row that waits for a Worker', async () => {
    await putObject(stack, FIRST, 'another text');
    await enqueue([FIRST_ID]);
    expect(await found()).toEqual({ unfinished: 1 });
  });

  it('finds the same content uploaded twice, and accepts changed content', async () => {
    await putObject(stack, FIRST, 'another text');
    await enqueue([FIRST_ID]);
    await finish();
    expect(await found()).toEqual({});
    await putObject(stack, FIRST, 'another text');
    const { uploadedTwice } = await readLedger(stack.sql, { bucket: BUCKET, paths: PATHS });
    expect(uploadedTwice).toEqual({ count: 1, examples: [`${FIRST} (2 times)`] });
  });

  it('finds a row that was queued and finished again although its content did not change', async () => {
    await stack.sql(
      `update public.files_queue set status = 'pending', processed = false where file_path = $1`,
      [FIRST],
    );
    await finish();
    expect(await found()).toEqual({ queuedTwice: 1, processedTwice: 1 });
  });

  it('finds a document that a batch still holds', async () => {
    await stack.sql(
      `update legisync.documents set holder = ('massive', 'run-1', 1)::legisync.batch, held_since = now(),
              held_until = now() + interval '1 minute' where id = $1`,
      [FIRST_ID],
    );
    expect(await found()).toEqual({ heldDocuments: 1 });
  });

  it('finds a document that failed', async () => {
    await stack.sql(
      `update legisync.documents set state = 'failed', code = 'DOCUMENT_MALFORMED', next_attempt_at = now() where id = $1`,
      [FIRST_ID],
    );
    const { uncollected } = await readLedger(stack.sql, { bucket: BUCKET, paths: PATHS });
    expect(uncollected.examples).toEqual([`${CATEGORY}/${FIRST_ID} (failed, DOCUMENT_MALFORMED)`]);
  });

  it('keeps a few examples of many', async () => {
    const expected = {
      bucket: BUCKET,
      paths: Array.from({ length: 9 }, (_, n) => `legifrance/codes/no-${n}.json`),
    };
    const { lost } = await readLedger(stack.sql, expected);
    expect(lost.count).toBe(9);
    expect(lost.examples).toHaveLength(5);
  });
});

describe('the comparison of files with the current text', () => {
  it('finds a file with an older text, and one that is gone', async () => {
    const client = createClient(stack.gateway.url, stack.gateway.serviceKey, {
      auth: { persistSession: false },
    });
    const [one = '', two = ''] = PATHS;
    const texts = new Map([
      [one, `text of ${one}`],
      [two, 'a newer text'],
      ['legifrance/codes/gone.json', 'any'],
    ]);
    const { count, examples } = await findOutdated(client, BUCKET, texts);
    expect(count).toBe(2);
    expect(examples[0]).toBe(`${two} (without "a newer text")`);
    expect(examples[1]).toContain('gone.json');
  });
});

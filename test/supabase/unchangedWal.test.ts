import type { PageAction } from '../../src/supabase/types.ts';
import { idRange } from '../support/enumeration.ts';
import { code, passesOf, year, type Part } from '../support/passes.ts';
import { batchOf } from '../support/queue.ts';
import { withSession, type Session } from '../support/sessions.ts';
import { BUCKET, openSupabase, type SupabaseStack } from '../support/supabase.ts';

/** A search, read in pages and in two rounds; and tables of contents, read in chunks. */
const IDS = idRange(20_000);
const SOURCES: Readonly<Record<string, readonly Part[]>> = {
  decisions: [year(2024, IDS.slice(0, 5_000)), year(2025, IDS.slice(5_000, 10_000))],
  codes: [code('A', IDS.slice(10_000, 15_000)), code('B', IDS.slice(15_000))],
};
const PAGE = 2_500;

/**
 * What the pages of an unchanged corpus may add to the log, in bytes: the rows of the slices, and a
 * few full page images after a checkpoint. Writing one row of the catalogue costs about 250 bytes.
 */
const MOST = 20 * IDS.length;

let stack: SupabaseStack;
const passes = passesOf(() => stack);

beforeAll(async () => {
  stack = await openSupabase();
});
afterAll(() => stack.close());

const BATCH = JSON.stringify(batchOf('codes', 1), ['workflow', 'run', 'sequence']);

/**
 * Registers a page, and returns the bytes that this statement has added to the log, as PostgreSQL
 * counts them.
 */
async function walOfPage(
  { client }: Session,
  place: { readonly slice: number; readonly round: number; readonly page: number },
  documents: readonly object[],
  action: PageAction,
): Promise<number> {
  const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: { 'WAL Bytes': number } }] }>(
    `explain (analyze, wal, format json) select legisync_register_slice($1, $2, $3, $4, $5, $6, $7, 120, 'trust')`,
    [BUCKET, place.slice, BATCH, place.round, place.page, JSON.stringify(documents), action],
  );
  return rows[0]?.['QUERY PLAN'][0].Plan['WAL Bytes'] ?? 0;
}

/** Reads a whole pass, and returns the bytes that its pages have added to the log. */
async function walOfPass(revision: string): Promise<number> {
  let bytes = 0;
  await passes.begin(SOURCES);
  await withSession(stack.databaseUrl, async (session) => {
    for (const { key, ids } of Object.values(SOURCES).flat()) {
      const last = key.kind === 'code' ? 'whole' : 'round';
      const pages = Math.ceil(ids.length / PAGE);
      for (let round = 1; round <= (last === 'round' ? 2 : 1); round += 1) {
        const { id: slice } = await passes.lease(key);
        for (let page = 1; page <= pages; page += 1) {
          const documents = ids.slice((page - 1) * PAGE, page * PAGE).map((id) => ({ id, revision }));
          const action = page === pages ? last : 'continue';
          bytes += await walOfPage(session, { slice, round, page }, documents, action);
        }
      }
    }
  });
  await passes.end();
  return bytes;
}

it('a pass over an unchanged corpus adds next to nothing to the log, its listing included', async () => {
  expect(await walOfPass('r1')).toBeGreaterThan(100 * IDS.length);
  expect(await walOfPass('r1')).toBeLessThan(MOST);
  // The bound is narrow enough to notice writes.
  expect(await walOfPass('r2')).toBeGreaterThan(MOST);
});

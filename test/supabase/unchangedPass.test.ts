import { idRange } from '../support/enumeration.ts';
import { code, passesOf, year, type Part } from '../support/passes.ts';
import { checksum, documentRow, emptyTables } from '../support/queue.ts';
import { openSupabase, type SupabaseStack } from '../support/supabase.ts';

const IDS = idRange(1_000);
const [FIRST = '', SECOND = ''] = IDS;

const SEARCH: Readonly<Record<string, readonly Part[]>> = {
  decisions: [year(2024, IDS.slice(0, 600)), year(2025, IDS.slice(600))],
};
const TABLES: Readonly<Record<string, readonly Part[]>> = {
  codes: [code('A', IDS.slice(0, 600)), code('B', IDS.slice(600))],
};
/** Both sources list each document, and another slice of the second one lists it again. */
const SHARED: Readonly<Record<string, readonly Part[]>> = {
  ...TABLES,
  decisions: [year(2024, IDS), year(2025, IDS.slice(500))],
};

let stack: SupabaseStack;
const passes = passesOf(() => stack);

beforeAll(async () => {
  stack = await openSupabase();
});
beforeEach(() => emptyTables(stack));
afterAll(() => stack.close());

/** Every value of every document, its place on disk and the transaction that wrote it. */
const written = () => checksum(stack, 'legisync.documents');

describe('a pass over a corpus that has not changed', () => {
  it.each([
    ['a search in windows', SEARCH],
    ['tables of contents', TABLES],
    ['sources that share all of their documents', SHARED],
  ])('writes no row of the catalogue: %s', async (_what, sources) => {
    await passes.whole(sources);
    const before = await written();
    await passes.whole(sources);
    await passes.whole(sources);
    expect(await written()).toBe(before);
    const [row] = await stack.sql<{ n: number; absent: number }>(
      'select count(*)::int as n, count(absent_since)::int as absent from legisync.documents',
    );
    expect(row).toEqual({ n: IDS.length, absent: 0 });
  });

  it('writes none if documents are absent already, or wait after a failure', async () => {
    await passes.whole(SEARCH);
    const fewer = { decisions: [year(2024, IDS.slice(0, 500)), year(2025, IDS.slice(600))] };
    await passes.whole(fewer);
    await stack.sql(
      `update legisync.documents set state = 'failed', code = 'DOCUMENT_MALFORMED', attempts = 1,
              next_attempt_at = now() + interval '1 day' where id = $1`,
      [FIRST],
    );
    const before = await written();
    await passes.whole(fewer);
    expect(await written()).toBe(before);
  });

  it('removes the listings of the pass before', async () => {
    await passes.whole(SEARCH);
    await passes.whole(SEARCH);
    const listings = await stack.sql(
      `select s.pass, count(*)::int as n from legisync.listing_documents l join legisync.slices s on s.id = l.slice
       group by 1 order by 1`,
    );
    // Only the last round of each slice is kept.
    expect(listings).toEqual([{ pass: 2, n: IDS.length }]);
  });
});

describe('a pass that finds one change', () => {
  it('writes that one document', async () => {
    await passes.whole(SEARCH);
    const rest = () =>
      stack.sql(
        `select md5(string_agg(concat_ws('|', id, xmin, ctid, d::text), ',' order by id)) as sum
           from legisync.documents d where id <> $1`,
        [SECOND],
      );
    const before = await rest();
    await passes.begin(SEARCH);
    for (const part of SEARCH['decisions'] ?? []) {
      await passes.read({ ...part, ids: part.ids.filter((id) => id !== SECOND) });
    }
    expect(await rest()).toEqual(before);
    expect(await documentRow(stack, 'codes', SECOND)).toMatchObject({ state: 'stored' });
  });
});

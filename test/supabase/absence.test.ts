import { HOUR } from '../support/enumeration.ts';
import { code, passesOf, year, type Part } from '../support/passes.ts';
import { articleId, emptyTables } from '../support/queue.ts';
import { openSupabase, type SupabaseStack } from '../support/supabase.ts';

const ID = articleId(1);
const STAYS = articleId(2);

let stack: SupabaseStack;
const passes = passesOf(() => stack);

beforeAll(async () => {
  stack = await openSupabase();
});
beforeEach(() => emptyTables(stack));
afterAll(() => stack.close());

/** The catalogue's row of the document that moves or leaves. */
const document = async () =>
  (
    await stack.sql<{ source: string; code_id: string; state: string; absent_since: number | null }>(
      'select source, code_id, state, absent_since from legisync.documents where id = $1',
      [ID],
    )
  )[0];

/** Begins a pass over these parts of the source `s`, and reads them in the order of `read`. */
async function pass(parts: readonly Part[], read: readonly Part[] = parts): Promise<void> {
  await passes.begin({ s: parts });
  for (const part of read) await passes.read(part);
  await passes.end();
}

describe('a document that its source does not list any more', () => {
  it('found by a search is absent since that pass, and otherwise as it was', async () => {
    await pass([year(2024, [ID, STAYS])]);
    await pass([year(2024, [STAYS])]);
    expect(await document()).toMatchObject({ state: 'stored', absent_since: 2 });
    await pass([year(2024, [STAYS])]);
    expect(await document()).toMatchObject({ state: 'stored', absent_since: 2 });
    await pass([year(2024, [ID, STAYS])]);
    expect(await document()).toMatchObject({ state: 'stored', absent_since: null });
  });

  it('of a table of contents is superseded as well, and is as it was when it is back', async () => {
    await pass([code('A', [ID, STAYS]), code('B', [])]);
    await pass([code('A', [STAYS]), code('B', [])]);
    expect(await document()).toMatchObject({ state: 'superseded', absent_since: 2 });
    await pass([code('A', [ID, STAYS]), code('B', [])]);
    expect(await document()).toMatchObject({ state: 'stored', absent_since: null });
  });

  it('of a table of contents that lists nothing is superseded', async () => {
    await pass([code('A', [ID, STAYS])]);
    await pass([code('A', [])]);
    expect(await document()).toMatchObject({ state: 'superseded' });
  });

  it.each([
    ['a search', year(2024, [ID, STAYS]), year(2024, [STAYS])],
    ['a table of contents', code('A', [ID, STAYS]), code('A', [STAYS])],
  ])('of %s is withdrawn if the API does not know it either', async (_what, listed, left) => {
    await pass([listed]);
    await stack.sql(
      `update legisync.documents set state = 'unavailable', next_attempt_at = now() + interval '1 h' where id = $1`,
      [ID],
    );
    await pass([left]);
    expect(await document()).toMatchObject({ state: 'withdrawn', absent_since: 2 });
    const [due] = await stack.sql('select next_attempt_at from legisync.documents where id = $1', [ID]);
    expect(due).toEqual({ next_attempt_at: null });
  });

  it('is not absent until its slice is read to the end', async () => {
    await pass([year(2024, [ID, STAYS])]);
    await passes.begin({ s: [year(2024, [])] });
    const part = year(2024, [STAYS]);
    await passes.register(await passes.lease(part.key), part.ids, 'continue');
    await passes.register(await passes.lease(part.key), [], 'round');
    expect(await document()).toMatchObject({ absent_since: null });
    await passes.register(await passes.lease(part.key), part.ids, 'round');
    expect(await document()).toMatchObject({ absent_since: 2 });
  });
});

describe('a document that moves to another slice of its source', () => {
  const [old, young] = [year(2024, [ID]), year(2025, [STAYS])];
  const [left, arrived] = [year(2024, []), year(2025, [ID, STAYS])];

  it.each([
    ['the one that it left is read first', [left, arrived]],
    ['the one that it came to is read first', [arrived, left]],
  ])('is not absent: only its date has changed (%s)', async (_order, read) => {
    await pass([old, young]);
    await passes.begin({ s: [left, arrived] });
    for (const part of read) {
      await passes.read(part);
      expect(await document()).toMatchObject({ state: 'stored', absent_since: null });
    }
    await passes.end();
    expect(await document()).toMatchObject({ state: 'stored', absent_since: null });
  });

  it('is not absent if the source is split into other windows', async () => {
    await pass([year(2024, [ID, STAYS])]);
    await pass([year(2023, []), year(2024, [ID]), year(2025, [STAYS])]);
    expect(await document()).toMatchObject({ absent_since: null });
  });

  it.each([
    ['the one that it left is read first', ['A', 'B']],
    ['the one that it came to is read first', ['B', 'A']],
  ])('passes from one code to another, and is not superseded in the end (%s)', async (_order, order) => {
    await pass([code('A', [ID, STAYS]), code('B', [])]);
    const parts = { A: code('A', [STAYS]), B: code('B', [ID]) };
    await pass(
      [parts.A, parts.B],
      order.map((name) => parts[name as 'A' | 'B']),
    );
    expect(await document()).toMatchObject({ state: 'stored' });
    await pass([parts.A, parts.B]);
    expect(await document()).toMatchObject({ code_id: 'B', state: 'stored', absent_since: null });
  });
});

describe('a source with a parked slice', () => {
  it('judges nothing, and the next whole pass does', async () => {
    await pass([year(2024, [ID]), year(2025, [STAYS])]);
    await passes.begin({ s: [year(2024, []), year(2025, [])] });
    await passes.park(year(2025, []));
    await passes.read(year(2024, []));
    await passes.end();
    expect(await document()).toMatchObject({ state: 'stored', absent_since: null });
    await pass([year(2024, []), year(2025, [STAYS])]);
    expect(await document()).toMatchObject({ absent_since: 3 });
  });

  it('that is parked because its rounds never agree judges nothing', async () => {
    await pass([year(2024, [ID])]);
    const part = year(2024, []);
    await passes.begin({ s: [part] });
    for (let round = 1; round <= 8; round += 1) {
      await passes.register(await passes.lease(part.key), [articleId(10 + round)], 'round');
    }
    await passes.end();
    expect(await document()).toMatchObject({ state: 'stored', absent_since: null });
  });

  it('does not keep another source, nor another code, from being judged', async () => {
    const whole = { s: [code('A', [ID]), code('B', [STAYS])], t: [year(2024, [articleId(3)])] };
    await passes.whole(whole);
    await passes.begin(whole);
    await passes.park(code('B', []));
    await passes.read(code('A', []));
    await passes.read(year(2024, []));
    await passes.end();
    expect(await stack.sql('select id, state, absent_since from legisync.documents order by id')).toEqual([
      { id: ID, state: 'superseded', absent_since: 2 },
      { id: STAYS, state: 'stored', absent_since: null },
      { id: articleId(3), state: 'stored', absent_since: 2 },
    ]);
  });
});

describe('a document that several sources list', () => {
  const parts = (one: readonly string[], two: readonly string[]) => ({
    a: [year(2024, one)],
    b: [year(2025, two)],
  });

  it('stays with its own while that lists it', async () => {
    await passes.whole(parts([ID], [ID]));
    await passes.whole(parts([ID], [ID]), 'r2');
    expect(await document()).toMatchObject({ source: 'a', absent_since: null });
  });

  it('passes to the other one only when its own has not listed it in a complete pass', async () => {
    await passes.whole(parts([ID], [ID]));
    await passes.begin(parts([], [ID]));
    await passes.read(year(2024, []));
    await passes.read(year(2025, [ID]));
    expect(await document()).toMatchObject({ source: 'a', absent_since: 2 });
    await passes.end();
    await passes.whole(parts([], [ID]));
    expect(await document()).toMatchObject({ source: 'b', absent_since: null });
  });

  it('passes to the other one at once when its own source is gone', async () => {
    await passes.whole(parts([ID], [ID]));
    await passes.whole({ b: [year(2025, [ID])] });
    expect(await document()).toMatchObject({ source: 'b', absent_since: null });
  });

  it('of a code that another source lists is not superseded when the code lists it no more', async () => {
    const both = { a: [code('A', [ID])], b: [year(2025, [ID])] };
    await passes.whole(both);
    await passes.begin({ a: [code('A', [])], b: [year(2025, [ID])] });
    await passes.read(year(2025, [ID]));
    await passes.read(code('A', []));
    await passes.end();
    expect(await document()).toMatchObject({ source: 'a', state: 'stored', absent_since: 2 });
  });
});

describe('a source with more absent documents than one call marks', () => {
  it('has all of them marked before its pass is complete', async () => {
    const ids = Array.from({ length: 20_500 }, (_, n) => articleId(n + 1));
    const thirds = (listed: readonly string[]) =>
      [2023, 2024, 2025].map((number, n) => year(number, listed.slice(n * 7_000, (n + 1) * 7_000)));
    await pass(thirds(ids));
    await passes.begin({ s: thirds([]) });
    for (const part of thirds([])) await passes.read(part);
    const absent = async () =>
      (await stack.sql(`select count(*)::int as n from legisync.documents where absent_since = 2`))[0];
    expect(await absent()).toEqual({ n: 10_000 });
    // As each lane calls it. One call marks a limited number.
    expect(await stack.supabase.catalogue.openPass('codes', ['s'], HOUR)).toMatchObject({
      openSlices: 0,
      due: 0,
      complete: false,
    });
    expect(await absent()).toEqual({ n: 20_000 });
    await passes.end();
    expect(await absent()).toEqual({ n: 20_500 });
  });
});

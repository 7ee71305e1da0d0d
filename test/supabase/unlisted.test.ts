import { code, passesOf, year, type Part } from '../support/passes.ts';
import { articleId, batchOf, emptyTables } from '../support/queue.ts';
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

/** The last request for the document failed, and it is asked for again in a day. */
const become = (state: 'unavailable' | 'failed') =>
  stack.sql(
    `update legisync.documents set state = $2, code = 'DOCUMENT_MALFORMED', attempts = 1,
            next_attempt_at = now() + interval '1 day' where id = $1`,
    [ID, state],
  );
const document = async () =>
  (
    await stack.sql(
      `select source, code_id, state, next_attempt_at is not null as asked_for from legisync.documents where id = $1`,
      [ID],
    )
  )[0];

type Sources = Readonly<Record<string, readonly Part[]>>;
const A = code('A', [ID]);
const B = code('B', [STAYS]);

describe('an unavailable document that no listing of the pass can show', () => {
  it.each<[string, Sources, Sources]>([
    ['its source was removed or renamed', { s: [year(2024, [ID])], t: [B] }, { t: [B] }],
    ['its source does not contain its code any more', { s: [A, B] }, { s: [B] }],
  ])('is withdrawn at the end of the pass: %s', async (_why, before, after) => {
    await passes.whole(before);
    await become('unavailable');
    await passes.whole(after);
    expect(await document()).toMatchObject({ state: 'withdrawn', asked_for: false });
  });

  it('is not withdrawn if another code lists it, which becomes its owner', async () => {
    await passes.whole({ s: [A, B] });
    await become('unavailable');
    const both = { s: [code('B', [ID, STAYS])] };
    await passes.whole(both);
    expect(await document()).toMatchObject({ state: 'unavailable', asked_for: true });
    await passes.whole(both);
    expect(await document()).toMatchObject({ code_id: 'B', state: 'unavailable', asked_for: true });
  });

  it('is not withdrawn if the codes of its source could not be listed', async () => {
    await passes.whole({ s: [A, B] });
    await become('unavailable');
    const { catalogue } = stack.supabase;
    const batch = batchOf('codes', 1);
    const { pass } = await catalogue.openPass('codes', ['s'], 3_600);
    const slice = await catalogue.leaseSlice(batch, pass, 60);
    if (slice === null) throw new Error('No slice is free.');
    await catalogue.parkSlice(batch, slice, { code: 'LEGIFRANCE_REJECTED', message: 'x' });
    expect(await catalogue.openPass('codes', ['s'], 3_600)).toMatchObject({ pass, complete: true });
    expect(await document()).toMatchObject({ state: 'unavailable', asked_for: true });
  });

  it('is asked for again when a source lists it again', async () => {
    await passes.whole({ s: [A, B] });
    await become('unavailable');
    await passes.whole({ s: [B] });
    await passes.begin({ s: [A, B] });
    await passes.read(A);
    expect(await document()).toMatchObject({ state: 'unavailable', asked_for: true });
  });
});

describe('a failed document whose code is not in its source any more', () => {
  it('is superseded at the end of the pass, as if its table of contents did not list it', async () => {
    await passes.whole({ s: [A, B] });
    await become('failed');
    await passes.whole({ s: [B] });
    expect(await document()).toMatchObject({ state: 'superseded', asked_for: false });
  });
});

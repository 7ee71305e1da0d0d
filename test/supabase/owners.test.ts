import type { DocumentFailure } from '../../src/contract/collecting.ts';
import { documentPath } from '../../src/contract/documents.ts';
import { HOUR } from '../support/enumeration.ts';
import { articleId, batchOf, documentRow, emptyTables, putObject } from '../support/queue.ts';
import { openSupabase, type SupabaseStack } from '../support/supabase.ts';

const ID = articleId(1);
const LANE = batchOf('codes', 1);

/** The change signal with which each source lists the document. Null: it does not list it. */
type Listing = Readonly<Record<string, string | null>>;

let stack: SupabaseStack;
let sequence = 0;

beforeAll(async () => {
  stack = await openSupabase();
});
beforeEach(() => emptyTables(stack));
afterAll(() => stack.close());

/**
 * Runs a pass: lists every source in order, and collects what is due. Returns the ids that were
 * due.
 */
async function passOf(
  listing: Listing,
  failures: readonly DocumentFailure[] = [],
): Promise<readonly string[]> {
  await enumerate(listing);
  const batch = batchOf('codes', (sequence += 1));
  const { catalogue } = stack.supabase;
  const due = await catalogue.takeDocuments(batch, 100);
  const failed = new Set(failures.map(({ id }) => id));
  const stored = due.filter((id) => !failed.has(id));
  for (const id of stored) await putObject(stack, documentPath('codes', id), `text ${sequence}`);
  await catalogue.enqueue(batch, stored, failures);
  await complete(listing);
  return due;
}

async function enumerate(listing: Listing): Promise<void> {
  const { catalogue } = stack.supabase;
  const { pass } = await catalogue.openPass('codes', Object.keys(listing), HOUR);
  for (const [, revision] of Object.entries(listing)) {
    const documents = revision === null ? [] : [{ id: ID, revision }];
    // As a search: two rounds, and it supersedes nothing.
    for (let round = 1; round <= 2; round += 1) {
      const slice = await catalogue.leaseSlice(LANE, pass, 60);
      if (slice === null) throw new Error('no slice');
      await catalogue.registerSlice(LANE, slice, { page: 1, documents, action: 'round' }, 60, 'trust');
    }
  }
}

async function complete(listing: Listing): Promise<void> {
  expect(await stack.supabase.catalogue.openPass('codes', Object.keys(listing), HOUR)).toMatchObject({
    complete: true,
  });
  await stack.sql(`update legisync.passes set completed_at = completed_at - interval '1 hour'`);
}

const source = async () =>
  (await stack.sql<{ source: string }>('select source from legisync.documents where id = $1', [ID]))[0]
    ?.source;

describe('a document that several sources list', () => {
  it('follows the signal of one of them, whatever the other lists', async () => {
    expect(await passOf({ a: 'r1', b: 'x1' })).toEqual([ID]);
    expect(await passOf({ a: 'r1', b: 'x2' })).toEqual([]);
    expect(await passOf({ b: 'x3', a: 'r1' })).toEqual([]);
    expect(await passOf({ a: 'r2', b: 'x3' })).toEqual([ID]);
    expect(await source()).toBe('a');
  });

  it('follows the signal of a renamed source at once, and costs nothing while it is unchanged', async () => {
    await passOf({ old: 'r1' });
    expect(await passOf({ new: 'r1' })).toEqual([]);
    expect(await source()).toBe('new');
    expect(await passOf({ new: 'r2' })).toEqual([ID]);
  });

  it('is due if its signal changed while the source was renamed', async () => {
    await passOf({ old: 'r1' });
    expect(await passOf({ new: 'r2' })).toEqual([ID]);
  });

  it('passes to the other one when its own does not list it any more for a whole pass', async () => {
    await passOf({ a: 'r1', b: 'r1' });
    expect(await passOf({ a: null, b: 'r1' })).toEqual([]);
    expect(await source()).toBe('a');
    expect(await passOf({ a: null, b: 'r2' })).toEqual([ID]);
    expect(await source()).toBe('b');
    expect(await passOf({ a: 'r1', b: 'r2' })).toEqual([]);
  });

  it('is not taken over by MAINTENANCE while its source is there, and is when it is gone', async () => {
    const { catalogue } = stack.supabase;
    const list = (revision: string) =>
      catalogue.takeListed(
        batchOf('codes', (sequence += 1), { workflow: 'maintenance:codes' }),
        'new',
        [{ id: ID, revision }],
        { page: 1, size: 50 },
        'trust',
      );
    await passOf({ old: 'r1' });
    await list('r2');
    expect(await source()).toBe('old');
    await stack.sql('update legisync.documents set holder = null, held_since = null, held_until = null');
    await passOf({ new: null });
    await list('r2');
    expect(await source()).toBe('new');
    expect(await documentRow(stack, 'codes', ID)).toMatchObject({ state: 'discovered' });
  });
});

describe('a document that an incomplete listing left out', () => {
  /** A table of contents of one code, which supersedes what it no longer lists. */
  async function table(revision: string | null): Promise<void> {
    const { catalogue } = stack.supabase;
    const { pass } = await catalogue.openPass('codes', ['codes'], HOUR);
    const whole = await catalogue.leaseSlice(LANE, pass, 60);
    if (whole === null) throw new Error('no slice');
    await catalogue.splitSlice(LANE, whole, [{ kind: 'code', code: 'LEGITEXT000000000001' }]);
    const slice = await catalogue.leaseSlice(LANE, pass, 60);
    if (slice === null) throw new Error('no slice of the code');
    const documents = revision === null ? [] : [{ id: ID, revision }];
    await catalogue.registerSlice(LANE, slice, { page: 1, documents, action: 'whole' }, 60, 'trust');
  }
  async function collect(failures: readonly DocumentFailure[] = []): Promise<readonly string[]> {
    const batch = batchOf('codes', (sequence += 1));
    const ids = await stack.supabase.catalogue.takeDocuments(batch, 100);
    for (const id of ids) await putObject(stack, documentPath('codes', id), `text ${sequence}`);
    await stack.supabase.catalogue.enqueue(batch, failures.length > 0 ? [] : ids, failures);
    return ids;
  }
  const end = () => complete({ codes: null });
  const malformed = [{ id: ID, code: 'DOCUMENT_MALFORMED', message: 'cut off' }];

  beforeEach(async () => {
    await table('r1');
    expect(await collect()).toEqual([ID]);
    await end();
  });

  it('is due when it is back, if its change could not be collected before', async () => {
    await table('r2');
    await collect(malformed);
    await end();
    await table(null);
    await end();
    await table('r2');
    expect(await documentRow(stack, 'codes', ID)).toMatchObject({ state: 'failed', attempts: 1 });
    expect(await collect()).toEqual([ID]);
    expect(await documentRow(stack, 'codes', ID)).toMatchObject({ state: 'stored', code: null });
  });

  it('is due when it is back, if its change was not reached before', async () => {
    // MAINTENANCE saw the change between two passes, and its batch was cut off.
    const batch = batchOf('codes', (sequence += 1), { workflow: 'maintenance:codes' });
    const { catalogue } = stack.supabase;
    await catalogue.takeListed(batch, 'codes', [{ id: ID, revision: 'r2' }], { page: 1, size: 50 }, 'trust');
    await catalogue.enqueue(batch, [], []);
    await table(null);
    expect((await documentRow(stack, 'codes', ID))?.state).toBe('superseded');
    await end();
    await table('r2');
    expect(await collect()).toEqual([ID]);
  });

  it('is due when it is back, if it could not be collected when MAINTENANCE re-checked it', async () => {
    const batch = batchOf('codes', (sequence += 1), { workflow: 'maintenance:codes' });
    const { catalogue } = stack.supabase;
    await catalogue.takeListed(batch, 'codes', [{ id: ID, revision: 'r1' }], { page: 1, size: 50 }, 'trust');
    await catalogue.enqueue(batch, [], malformed);
    await table(null);
    await end();
    await table('r1');
    expect(await collect()).toEqual([ID]);
  });

  it('is unchanged when it is back, if nothing was left to collect', async () => {
    await table(null);
    await end();
    await table('r1');
    expect(await collect()).toEqual([]);
    expect(await documentRow(stack, 'codes', ID)).toMatchObject({ state: 'stored', due_in: null });
  });
});

import { MAX_DUE_COUNTED } from '../../src/contract/limits.ts';
import type { DocumentFailure } from '../../src/contract/collecting.ts';
import type { Slice } from '../../src/supabase/types.ts';
import { enumerationOf, HOUR, idRange } from '../support/enumeration.ts';
import { articleId, batchOf, documentRow, emptyTables, plantDue } from '../support/queue.ts';
import { openSupabase, type SupabaseStack } from '../support/supabase.ts';
import { untilBlocked, withSession } from '../support/sessions.ts';

let stack: SupabaseStack;
const { open, lease, register, anIntervalPasses } = enumerationOf(() => stack);

beforeAll(async () => {
  stack = await openSupabase();
});
beforeEach(() => emptyTables(stack));
afterAll(() => stack.close());

describe('a pass', () => {
  it('begins with one slice a source, and is not begun again by a second call', async () => {
    expect(await open(['codes', 'decisions'])).toMatchObject({
      pass: 1,
      complete: false,
      openSlices: 2,
      due: 0,
    });
    expect(await open(['codes', 'decisions'])).toMatchObject({ pass: 1, openSlices: 2 });
    expect((await lease(1)).source).toBe('codes');
    expect((await lease(2)).source).toBe('decisions');
  });

  it('is complete when nothing is left to enumerate or to collect, waits for its interval, and begins again', async () => {
    await open();
    await register(await lease(), idRange(2));
    expect(await open()).toMatchObject({ pass: 1, complete: false, openSlices: 0, due: 2 });

    const batch = batchOf('codes', 1);
    await stack.supabase.catalogue.takeDocuments(batch, 100);
    // Leased, but not done: the pass continues, and a lane without work re-checks soon.
    const held = await open();
    expect(held).toMatchObject({ complete: false, due: 0 });
    expect(held.waitSeconds).toBe(2);

    await stack.supabase.catalogue.enqueue(
      batch,
      [],
      idRange(2).map((id) => ({ id, code: 'DOCUMENT_REFUSED', message: 'too large' })),
    );
    const complete = await open();
    expect(complete).toMatchObject({ pass: 1, complete: true });
    expect(complete.waitSeconds).toBeGreaterThan(HOUR - 60);
    expect(complete.waitSeconds).toBeLessThanOrEqual(HOUR);

    await anIntervalPasses();
    expect(await open()).toMatchObject({ pass: 2, complete: false, openSlices: 1 });
  });

  it('is begun once by two lanes that call at the same moment', async () => {
    await withSession(stack.databaseUrl, async ({ client, pid }) => {
      await client.query('begin');
      await client.query(`select public.legisync_open_pass('codes', '{codes}', 3600)`);
      const other = open();
      await untilBlocked(stack, pid);
      await client.query('commit');
      expect(await other).toMatchObject({ pass: 1, openSlices: 1 });
    });
  });

  it('is complete although a failed document waits, which shortens the wait', async () => {
    await open();
    await register(await lease(), []);
    await plantDue(stack, 'codes', [articleId(1)]);
    await stack.sql(
      `update legisync.documents set next_attempt_at = clock_timestamp() + interval '10 minutes'`,
    );
    const pass = await open();
    expect(pass).toMatchObject({ complete: true, due: 0 });
    expect(pass.waitSeconds).toBeGreaterThan(500);
    expect(pass.waitSeconds).toBeLessThanOrEqual(600);
  });

  it('waits for a slice that is delayed, and two seconds if another lane holds it', async () => {
    await open();
    const slice = await lease();
    expect((await open()).waitSeconds).toBe(2);
    const failure = { code: 'LEGIFRANCE_UNAVAILABLE', message: 'x' };
    await stack.supabase.catalogue.failSlice(batchOf('codes', 1), slice, failure, 300);
    const { waitSeconds } = await open();
    expect(waitSeconds).toBeGreaterThan(200);
    expect(waitSeconds).toBeLessThanOrEqual(300);
  });

  it('is judged by the time after the wait for another lane, not by the time before it', async () => {
    await open();
    await register(await lease(), []);
    await withSession(stack.databaseUrl, async ({ client, pid }) => {
      await client.query('begin');
      await client.query(`select pg_advisory_xact_lock(hashtext('legisync.open_pass'), hashtext('codes'))`);
      const other = open();
      await untilBlocked(stack, pid);
      const { rows } = await client.query<{ released_at: string }>(
        'select clock_timestamp()::text as released_at',
      );
      await client.query('commit');
      expect(await other).toMatchObject({ pass: 1, complete: true });
      const late = 'select completed_at >= $1::timestamptz as late from legisync.passes';
      expect(await stack.sql(late, [rows[0]?.released_at])).toEqual([{ late: true }]);
    });
  });

  it('counts what is due up to its limit', async () => {
    await open();
    await plantDue(stack, 'codes', idRange(MAX_DUE_COUNTED - 1));
    expect((await open()).due).toBe(MAX_DUE_COUNTED - 1);
    await plantDue(stack, 'codes', idRange(MAX_DUE_COUNTED + 5).slice(MAX_DUE_COUNTED - 1));
    expect((await open()).due).toBe(MAX_DUE_COUNTED);
  });

  it('has a lane wait at least two seconds, even if a document is due sooner', async () => {
    await open();
    await register(await lease(), []);
    await plantDue(stack, 'codes', [articleId(1)]);
    await stack.sql(
      `update legisync.documents set next_attempt_at = clock_timestamp() + interval '1 second'`,
    );
    expect((await open()).waitSeconds).toBe(2);
  });

  it('keeps the last pass, and forgets older ones with their slices', async () => {
    for (let pass = 1; pass <= 3; pass += 1) {
      expect(await open()).toMatchObject({ pass });
      await register(await lease(1, pass), []);
      expect(await open()).toMatchObject({ pass, complete: true });
      await anIntervalPasses();
    }
    expect(await stack.sql('select pass from legisync.slices order by pass')).toEqual([
      { pass: 2 },
      { pass: 3 },
    ]);
  });
});

describe('a document that leaves its listing', () => {
  const splitInto = (slice: Slice, code: string): Promise<void> =>
    stack.supabase.catalogue.splitSlice(batchOf('codes', 1), slice, [{ kind: 'code', code }]);

  /** Runs a pass whose table of contents lists exactly these. */
  async function passOf(pass: number, listed: readonly string[], revision = 'r1'): Promise<void> {
    expect(await open()).toMatchObject({ pass });
    const whole = await lease(1, pass);
    if (whole.key.kind === 'source') await splitInto(whole, 'LEGITEXT1');
    await register(await lease(1, pass), listed, { revision });
    const batch = batchOf('codes', pass);
    const taken = await stack.supabase.catalogue.takeDocuments(batch, 100);
    await stack.sql(
      `insert into storage.objects (bucket_id, name, metadata, user_metadata)
       select 'agentbasic-legifrance-raw', 'legifrance/codes/' || id || '.json', '{"size": 1}', '{"sha256": "v1:1"}'
       from unnest($1::text[]) id on conflict do nothing`,
      [taken],
    );
    await stack.supabase.catalogue.enqueue(batch, taken, []);
    expect(await open()).toMatchObject({ pass, complete: true });
    await anIntervalPasses();
  }
  const state = async (id: string) => (await documentRow(stack, 'codes', id))?.state;

  it('is superseded, and as it was when it is listed again', async () => {
    const [stays = '', leaves = ''] = idRange(2);
    await passOf(1, [stays, leaves]);
    await passOf(2, [stays]);
    expect([await state(stays), await state(leaves)]).toEqual(['stored', 'superseded']);
    await passOf(3, [stays, leaves]);
    expect(await documentRow(stack, 'codes', leaves)).toMatchObject({ state: 'stored', due_in: null });
  });

  it.each<[string, readonly string[], readonly DocumentFailure[]]>([
    ['collected', [articleId(2)], []],
    ['failed', [], [{ id: articleId(2), code: 'DOCUMENT_MALFORMED', message: 'cut off' }]],
  ])(
    'stays superseded when the batch that held it ends, the document %s',
    async (_what, stored, failures) => {
      const [stays = '', leaves = ''] = idRange(2);
      await passOf(1, [stays, leaves]);
      await open();
      await stack.sql(
        `update legisync.documents set next_attempt_at = now() - interval '1 s' where id = $1`,
        [leaves],
      );
      const batch = batchOf('codes', 2);
      expect(await stack.supabase.catalogue.takeDocuments(batch, 100)).toEqual([leaves]);
      await splitInto(await lease(1, 2), 'LEGITEXT1');
      await register(await lease(1, 2), [stays]);
      await stack.supabase.catalogue.enqueue(batch, stored, failures);
      expect(await documentRow(stack, 'codes', leaves)).toMatchObject({
        state: 'superseded',
        holder: null,
        due_in: null,
      });
    },
  );

  it('is due when it comes back with another signal', async () => {
    const [stays = '', leaves = ''] = idRange(2);
    await passOf(1, [stays, leaves]);
    await passOf(2, [stays]);
    await open();
    await splitInto(await lease(1, 3), 'LEGITEXT1');
    await register(await lease(1, 3), [leaves], { revision: 'r2' });
    expect(await documentRow(stack, 'codes', leaves)).toMatchObject({ state: 'discovered' });
    expect(await open()).toMatchObject({ due: 1 });
  });

  it('is not superseded by another source that does not list it', async () => {
    await passOf(1, idRange(2));
    await open();
    await splitInto(await lease(1, 2), 'LEGITEXT2');
    await register(await lease(1, 2), []);
    expect(await state(articleId(1))).toBe('stored');
  });
});

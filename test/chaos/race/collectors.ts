import type { Stage, Turn } from './actor.ts';
import { BUCKET, CATEGORY, DOCUMENTS, idOf, pathOf } from './world.ts';

/** How long a slice is leased, in seconds: short, so that others take over what a killed lister had. */
const LEASE_SECONDS = 2;

/** Uploads new content, as Storage does: the object is there, or replaced, when the statement ends. */
async function upload({ dice, world, name }: Stage, id: string): Promise<void> {
  const sha256 = dice.roll(8) === 0 ? null : `v1:${name}-${dice.roll(1_000_000)}`;
  await world.sql(
    `insert into storage.objects (bucket_id, name, metadata, user_metadata, created_at, updated_at)
     values ($1, $2, jsonb_build_object('size', $4::int), jsonb_strip_nulls(jsonb_build_object('sha256', $3::text)),
             clock_timestamp(), clock_timestamp())
     on conflict (bucket_id, name) do update set
       metadata = excluded.metadata, user_metadata = excluded.user_metadata, updated_at = clock_timestamp()`,
    [BUCKET, pathOf(id), sha256, 1 + dice.roll(1_000)],
  );
}

/** New content of one document, queued by a batch that does not hold it any more, or never did. */
export async function change(stage: Stage, id: string): Promise<void> {
  await upload(stage, id);
  const batch = JSON.stringify({ workflow: 'massive', run: 'lost', sequence: 1 });
  await stage.call(`select legisync_enqueue_documents($1, $2, $3, $4, '[]')`, [
    BUCKET,
    CATEGORY,
    batch,
    [id],
  ]);
}

/** Takes documents, uploads them, and enqueues them: once, twice, late, or not at all. */
export const collect: Turn = async (stage) => {
  const { dice, name } = stage;
  const batch = JSON.stringify({
    workflow: 'massive',
    run: `run-${dice.roll(3)}`,
    sequence: Number(name.slice(-1)),
  });
  await work(stage, batch, 1 + dice.roll(10));
};

/** MAINTENANCE: lists a few documents, some with another change signal, and collects what that gave it. */
export const maintain: Turn = async (stage) => {
  const { dice, call } = stage;
  const batch = JSON.stringify({ workflow: 'maintenance', run: `run-${dice.roll(2)}`, sequence: 1 });
  const first = dice.roll(DOCUMENTS);
  const documents = Array.from({ length: 1 + dice.roll(30) }, (_, n) => ({
    id: idOf((first + n) % DOCUMENTS),
    revision: `r${dice.roll(3) === 0 ? dice.roll(1_000_000) : 0}`,
  }));
  await call('select legisync_take_listed($1, $2, $3, $4, $5, $6, $7)', [
    BUCKET,
    CATEGORY,
    batch,
    dice.pick('search', 'toc'),
    JSON.stringify(documents),
    JSON.stringify({ page: 1 + dice.roll(9), size: 50 }),
    'trust',
  ]);
  await work(stage, batch, 30);
};

/** Carries out a batch. */
async function work(stage: Stage, batch: string, limit: number): Promise<void> {
  const { dice, call } = stage;
  const taken = await call<{ ids: string[] }>('select legisync_take_documents($1, $2, $3) as ids', [
    CATEGORY,
    batch,
    limit,
  ]);
  const ids = taken[0]?.ids ?? [];
  const described = await call<{ documents: { id: string; held: boolean }[] }>(
    'select legisync_describe_documents($1, $2, $3, $4) as documents',
    [BUCKET, CATEGORY, batch, ids],
  );
  const held = (described[0]?.documents ?? []).filter((one) => one.held).map(({ id }) => id);
  const stored: string[] = [];
  const failures: object[] = [];
  for (const id of held) {
    if (dice.roll(10) === 0) {
      failures.push({
        id,
        code: 'DOCUMENT_MALFORMED',
        message: 'cut off',
        retrySeconds: 0,
        maxSeconds: 86_400,
        unavailable: false,
      });
    } else {
      if (dice.roll(4) > 0) await upload(stage, id);
      stored.push(id);
    }
  }
  // The run is gone before it could enqueue.
  if (dice.roll(12) === 0) return;
  for (let times = dice.pick(1, 1, 1, 2); times > 0; times -= 1) {
    await call('select legisync_enqueue_documents($1, $2, $3, $4, $5)', [
      BUCKET,
      CATEGORY,
      batch,
      stored,
      JSON.stringify(failures),
    ]);
  }
}

/** Lists documents, some with another change signal than before; reads rounds to their end, or not. */
export const list: Turn = async (stage) => {
  const { dice, call, name } = stage;
  const batch = JSON.stringify({ workflow: `list-${name}`, run: `run-${dice.roll(2)}`, sequence: 1 });
  const opened = await call<{ pass: { pass: number } }>(
    `select legisync_open_pass($1, '{search,toc}', 0) as pass`,
    [CATEGORY],
  );
  const leased = await call<{
    slice: Slice | null;
  }>('select legisync_lease_slice($1, $2, $3, $4) as slice', [
    CATEGORY,
    opened[0]?.pass.pass,
    batch,
    LEASE_SECONDS,
  ]);
  const slice = leased[0]?.slice;
  if (slice === null || slice === undefined) return;
  if (slice.source === 'toc' && slice.key.kind === 'source') {
    await call('select legisync_split_slice($1, $2, $3)', [
      slice.id,
      batch,
      JSON.stringify([{ kind: 'code', code: 'LEGITEXT000000000001' }]),
    ]);
    return;
  }
  if (dice.roll(8) === 0) return giveUp(stage, slice, batch);
  // Each source has its half, and sometimes leaves one out.
  const first = slice.source === 'toc' ? 0 : DOCUMENTS / 2;
  const documents = Array.from({ length: DOCUMENTS / 2 }, (_, n) => first + n)
    .filter(() => dice.roll(60) > 0)
    .map((n) => ({ id: idOf(n), revision: `r${dice.roll(20) === 0 ? dice.roll(1_000_000) : 0}` }));
  await call('select legisync_register_slice($1, $2, $3, $4, $5, $6, $7, $8, $9)', [
    BUCKET,
    slice.id,
    batch,
    slice.round,
    slice.page,
    JSON.stringify(documents),
    slice.source === 'toc' ? 'whole' : dice.pick('round', 'round', 'round', 'release'),
    LEASE_SECONDS,
    'trust',
  ]);
};

interface Slice {
  readonly id: number;
  readonly source: string;
  readonly round: number;
  readonly page: number;
  readonly attempts: number;
  readonly key: { readonly kind: string };
}

/** Ends the lease of a slice otherwise: gives it back, fails, parks it, or dies. */
async function giveUp({ dice, call }: Stage, { id, attempts }: Slice, batch: string): Promise<void> {
  const reason = [id, batch, attempts, 'LEGIFRANCE_UNAVAILABLE', 'cut off'];
  switch (dice.roll(5)) {
    case 0:
      await call('select legisync_release_slice($1, $2)', [id, batch]);
      return;
    case 1:
      await call('select legisync_park_slice($1, $2, $3, $4, $5)', reason);
      return;
    case 2:
      return;
    default:
      await call('select legisync_fail_slice($1, $2, $3, $4, $5, 0)', reason);
  }
}

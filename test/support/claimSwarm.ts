import { randomInt } from 'node:crypto';
import type { Client } from 'pg';
import { pollUntil } from '../../local/launcher/poll.ts';
import { pathsOf, workerApi } from './claims.ts';
import { withSession } from './sessions.ts';
import { BUCKET, type SupabaseStack } from './supabase.ts';
import { killed, startWorker } from './workers.ts';

const CLAIMERS = 8;
const POLLERS = 2;
const DOOMED = 500;
const ZOMBIE = 200;
const BATCH = 100;
/** The leases of the killed Worker and of the zombie end during the test, the others after it. */
const SHORT_LEASE_SECONDS = 2;
const LONG_LEASE_SECONDS = 600;
const DEADLINE_MS = 240_000;

export interface SwarmResult {
  /** How often rows were processed: [times, rows]. */
  readonly worked: readonly (readonly [times: number, rows: number])[];
  /** Rows that the killed Worker had claimed, and how many of them other Workers processed. */
  readonly doomed: { readonly claimed: number; readonly workedByOthers: number };
  /** The answer to the zombie, which completes its files after other Workers have claimed them. */
  readonly zombie: { readonly completed: number; readonly refused: number };
  readonly byKind: { readonly claimers: number; readonly pollers: number };
  /** Rows that are not processed at the end, and claims that are still open. */
  readonly unfinished: number;
  readonly openClaims: number;
}

/**
 * Has claiming and polling Workers compete for rows. One of them is killed, and one completes after
 * its lease has ended.
 */
export async function runSwarm(stack: SupabaseStack, rows: number): Promise<SwarmResult> {
  const seed = Number(process.env['CLAIM_SEED'] ?? randomInt(2 ** 31));
  process.stderr.write(`To see this run again: CLAIM_SEED=${seed}\n`);
  await stack.sql(`
    create table public.works (file_path text not null, worker text not null);
    grant all on public.works to service_role`);
  await stack.sql(
    `insert into public.files_queue (file_path, bucket_id, created_at, backfilled)
     select 'file-' || n, $1, now() - interval '1 day' + n * interval '1 ms', n % 3 = 0 from generate_series(1, $2::int) n`,
    [BUCKET, rows],
  );

  const doomed = startWorker(
    {
      SUPABASE_URL: stack.gateway.url,
      SUPABASE_SERVICE_ROLE_KEY: stack.gateway.serviceKey,
      DOOMED_BATCH: `${DOOMED}`,
      DOOMED_LEASE_SECONDS: `${SHORT_LEASE_SECONDS}`,
    },
    'test/support/doomedWorker.ts',
  );
  await doomed.ready;
  doomed.child.kill('SIGKILL');
  await killed(doomed);
  const ofDoomed = (
    await stack.sql<{ path: string }>(`select file_path as path from legisync.claims where holder = 'doomed'`)
  ).map(({ path }) => path);

  const claimer = (n: number) =>
    withSession(stack.databaseUrl, ({ client }) => claimFiles(stack, client, `claimer-${n}`, seed + n));
  const poller = (n: number) =>
    withSession(stack.databaseUrl, ({ client }) => pollFiles(client, `poller-${n}`));
  const [zombie] = await Promise.all([
    beZombie(stack),
    ...Array.from({ length: CLAIMERS }, (_, n) => claimer(n + 1)),
    ...Array.from({ length: POLLERS }, (_, n) => poller(n + 1)),
  ]);

  const count = async (sql: string, values: readonly unknown[] = []): Promise<number> =>
    (await stack.sql<{ n: number }>(`select count(*)::int as n from ${sql}`, values))[0]?.n ?? -1;
  const worked = await stack.sql<{ times: number; rows: number }>(
    `select times::int, count(*)::int as rows from (
       select count(w.file_path) as times from public.files_queue f left join public.works w using (file_path)
       group by f.file_path) t group by 1 order by 1`,
  );
  return {
    worked: worked.map(({ times, rows: n }) => [times, n]),
    doomed: {
      claimed: ofDoomed.length,
      workedByOthers: await count('public.works where file_path = any ($1)', [ofDoomed]),
    },
    zombie,
    byKind: {
      claimers: await count(`public.works where worker like 'claimer%'`),
      pollers: await count(`public.works where worker like 'poller%'`),
    },
    unfinished: await count(`public.files_queue where status <> 'processed' or not processed`),
    openClaims: await count(`legisync.claims where state in ('held', 'waiting')`),
  };
}

/**
 * A Worker that claims. It processes most files, fails some, permanently or for a second, and
 * releases some.
 */
async function claimFiles(
  stack: SupabaseStack,
  session: Client,
  worker: string,
  seed: number,
): Promise<void> {
  const api = workerApi(stack);
  const chance = seeded(seed);
  await untilEmpty(session, async () => {
    const claim = await api.claim(BATCH, LONG_LEASE_SECONDS, worker);
    const done: string[] = [];
    const failed: string[] = [];
    const later: string[] = [];
    const back: string[] = [];
    for (const { filePath, attempt } of claim.files) {
      // Not at the last attempts, because every row must be processed in the end.
      const fate = attempt > 3 ? 1 : chance();
      (fate < 0.01 ? failed : fate < 0.02 ? later : fate < 0.04 ? back : done).push(filePath);
    }
    await session.query('insert into public.works select path, $2 from unnest($1::text[]) path', [
      done,
      worker,
    ]);
    // Not in the order of the paths: the functions must sort them themselves.
    const answers = await Promise.all([
      api.complete(claim.token, shuffled(done, chance)),
      api.fail(claim.token, shuffled(failed, chance)),
      api.fail(claim.token, shuffled(later, chance), 'it failed', 1),
      api.release(claim.token, shuffled(back, chance)),
    ]);
    const refused = answers.flatMap((answer) => answer.refused);
    if (refused.length > 0) throw new Error(`${worker} was refused its own files: ${refused.join(', ')}`);
    return claim.files.length;
  });
}

/**
 * A Worker that does not know claims. It updates pending rows itself, and marks them when it is
 * done.
 */
async function pollFiles(session: Client, worker: string): Promise<void> {
  await session.query('set role service_role');
  await untilEmpty(session, async () => {
    const { rows } = await session.query<{ file_path: string }>(
      `update public.files_queue set status = 'processing' where id in (
         select id from public.files_queue where status = 'pending' order by created_at limit $1
         for update skip locked)
       returning file_path`,
      [BATCH],
    );
    const paths = rows.map((row) => row.file_path);
    await session.query('insert into public.works select path, $2 from unnest($1::text[]) path', [
      paths,
      worker,
    ]);
    // As docs/workers.md says: a Worker that finishes several files locks them in the order of their
    // paths. The functions do so too, and a late claimant still asks for these rows.
    await session.query('begin');
    await session.query(
      'select from public.files_queue where file_path = any ($1) order by file_path for update',
      [paths],
    );
    await session.query(
      `update public.files_queue set status = 'processed', processed = true where file_path = any ($1)`,
      [paths],
    );
    await session.query('commit');
    return paths.length;
  });
}

/**
 * A Worker whose lease ends: it waits until other Workers have its files, and then completes them.
 */
async function beZombie(stack: SupabaseStack): Promise<SwarmResult['zombie']> {
  const api = workerApi(stack);
  const claim = await api.claim(ZOMBIE, SHORT_LEASE_SECONDS, 'zombie');
  await pollUntil(
    async () => {
      const left = await stack.sql('select from legisync.claims where token = $1', [claim.token]);
      return left.length === 0;
    },
    { everyMs: 50, timeoutMs: DEADLINE_MS },
  );
  const { completed, refused } = await api.complete(claim.token, pathsOf(claim));
  return { completed, refused: refused.length };
}

/** Repeats `step` until every row is processed, with a pause if there is nothing to take. */
async function untilEmpty(session: Client, step: () => Promise<number>): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    if ((await step()) > 0) continue;
    const left = await session.query('select from public.files_queue where processed is not true limit 1');
    if (left.rowCount === 0) return;
    if (performance.now() > deadline) throw new Error(`Rows are left after ${DEADLINE_MS} ms.`);
    await session.query('select pg_sleep(0.05)');
  }
}

/** Numbers from 0 to 1 that a seed fixes (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shuffled(paths: readonly string[], chance: () => number): string[] {
  return paths
    .map((path) => ({ path, at: chance() }))
    .sort((a, b) => a.at - b.at)
    .map(({ path }) => path);
}

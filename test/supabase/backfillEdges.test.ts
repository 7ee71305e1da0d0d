import { randomUUID } from 'node:crypto';
import type { BackfillPhase, BackfillRun } from '../../src/contract/backfill.ts';
import { at, carryOut, countsOf, PLAIN, plantBucket, runOpener } from '../support/buckets.ts';
import { emptyTables } from '../support/queue.ts';
import { untilBlocked, withSession } from '../support/sessions.ts';
import { openSupabase, type SupabaseStack } from '../support/supabase.ts';

let stack: SupabaseStack;

beforeAll(async () => {
  stack = await openSupabase();
});
beforeEach(() => emptyTables(stack));
afterAll(() => stack.close());

const open = runOpener(() => stack);

/** Makes a bucket with objects of these names, one day old, of 1 byte, 2 bytes, and so on. */
async function plantNames(names: readonly string[]): Promise<string> {
  const bucket = `bucket-${randomUUID().slice(0, 8)}`;
  await stack.sql('insert into storage.buckets (id, name) values ($1, $1)', [bucket]);
  await stack.sql(
    `insert into storage.objects (bucket_id, name, metadata, created_at, updated_at)
     select $1, name, jsonb_build_object('size', n), now() - interval '1 day', now() - interval '1 day'
     from unnest($2::text[]) with ordinality as u (name, n)`,
    [bucket, names],
  );
  return bucket;
}

/** Sets a run's phase and position. */
async function moveTo(run: BackfillRun, phase: BackfillPhase, position: string): Promise<void> {
  await stack.sql(
    `update legisync.backfill_runs set phase = $2, position = $3, state = 'running' where id = $1`,
    [run.id, phase, position],
  );
}

/** The bucket's paths in the order in which their rows were written, and sorted. */
async function writtenOrder(bucket: string): Promise<{ written: string[]; sorted: string[] }> {
  const [paths] = await stack.sql<{ written: string[]; sorted: string[] }>(
    `select array_agg(file_path order by ctid) as written, array_agg(file_path order by file_path) as sorted
       from public.files_queue where bucket_id = $1`,
    [bucket],
  );
  if (paths === undefined) throw new Error('no rows');
  return paths;
}

/**
 * Runs `use` while the paths of the queue have byte order and those of storage.objects the
 * database's order.
 */
async function withBytePaths(use: () => Promise<void>): Promise<void> {
  await stack.sql('alter table public.files_queue alter column file_path type text collate "C"');
  try {
    await use();
  } finally {
    await stack.sql('alter table public.files_queue alter column file_path type text');
  }
}

describe('the order of a backfill', () => {
  it('is that of the paths, whatever order the files arrived in: a chunk of many new rows', async () => {
    const bucket = await plantBucket(stack, 1_000);
    const run = await open(bucket);
    const chunk = await stack.supabase.backfill.chunk({ ...at(run), size: 2_000 });
    expect(chunk).toMatchObject({ changed: 1_000 });
    const { written, sorted } = await writtenOrder(bucket);
    expect(written).toEqual(sorted);
  });

  it.each(['queue', 'catch_up'] as const)(
    'is that of the paths: a few new rows, in the phase %s',
    async (phase) => {
      const bucket = await plantBucket(stack, 1_000);
      // Four in five have a row.
      await stack.sql(
        `insert into public.files_queue (file_path, bucket_id)
       select name, 'another' from storage.objects
        where bucket_id = $1 and name like '%.json' and name not similar to '%(3|7).json'`,
        [bucket],
      );
      const run = await open(bucket);
      await moveTo(run, phase, '');
      const chunk = await stack.supabase.backfill.chunk({ run: run.id, phase, position: '', size: 2_000 });
      expect(chunk).toMatchObject({ changed: 200 });
      const { written, sorted } = await writtenOrder(bucket);
      expect(written).toEqual(sorted);
    },
  );

  /** Names whose ICU order, the database's, differs from their byte order. */
  const NAMES = ['mm', 'Zz', 'aa', 'É', 'abc', 'Abd', 'ABE', 'abç', 'âbf', 'Ä', 'z', 'e', 'F'];

  it('is the database’s own, in chunks of one or two, beside a queue whose paths are in byte order', async () => {
    const [orders] = await stack.sql<{ icu: string[]; bytes: string[] }>(
      `select array_agg(name order by name) as icu, array_agg(name order by name collate "C") as bytes
         from unnest($1::text[]) name`,
      [NAMES],
    );
    expect(orders?.icu).not.toEqual(orders?.bytes);
    await withBytePaths(async () => {
      for (const size of [1, 2]) {
        await emptyTables(stack);
        const bucket = await plantNames(NAMES);
        const { run } = await carryOut(stack, await open(bucket), size);
        expect(run).toMatchObject({ scanned: 13, queued: 13, caughtUp: 0, missing: 0 });
        expect(await countsOf(stack, bucket)).toMatchObject({ rows: 13, paths: 13 });

        const second = await open(bucket, {}, 'new', 'owner-2');
        for (const name of NAMES) {
          for (const phase of ['queue', 'catch_up', 'verify'] as const) {
            await moveTo(second, phase, name);
            const chunk = await stack.supabase.backfill.chunk({
              run: second.id,
              phase,
              position: name,
              size,
            });
            expect({ phase, name, chunk }).toMatchObject({ chunk: { changed: 0, run: { missing: 0 } } });
          }
        }
      }
    });
  });

  it('is the database’s own if sizes are filled, in chunks of any size', async () => {
    const names = ['École', 'codes', 'zzz', 'Zzz2'];
    await withBytePaths(async () => {
      for (const size of [1, 2, 3, 4, 10]) {
        await emptyTables(stack);
        const bucket = await plantNames(names);
        await stack.sql(
          'insert into public.files_queue (file_path, bucket_id) select unnest($2::text[]), $1',
          [bucket, names],
        );
        const { run } = await carryOut(stack, await open(bucket, { kind: 'sizes' }), size);
        expect({ size, run }).toMatchObject({ run: { scanned: 4, sized: 4 } });
        expect(
          await stack.sql(
            'select file_path, file_size::int from public.files_queue where bucket_id = $1 order by file_size',
            [bucket],
          ),
        ).toEqual(names.map((name, n) => ({ file_path: name, file_size: n + 1 })));
      }
    });
  });
});

describe('rows that a backfill writes as finished', () => {
  it.each([
    ['without a time', undefined],
    ['for files from before a time to come', new Date(Date.now() + 86_400_000).toISOString()],
  ])('are never those of files that may still be being collected: %s', async (_title, before) => {
    const bucket = await plantNames(['old', 'at the grace time', 'within it', 'new', 'undated']);
    await stack.sql(
      `update storage.objects set name = name where bucket_id = $1 and name = 'new'`, // The trigger dates it: now.
      [bucket],
    );
    const run = await open(bucket, { finished: true, before, graceSeconds: 900 });
    await withSession(stack.databaseUrl, async ({ client }) => {
      // The trigger would overwrite these times.
      await client.query('set session_replication_role = replica');
      await client.query(
        `update storage.objects o set created_at = u.at, updated_at = u.at
           from legisync.backfill_runs r, lateral (values
             ('at the grace time', r.started_at - interval '901 seconds'),
             ('within it', r.started_at - interval '890 seconds'),
             ('undated', null)) u (name, at)
          where r.id = $1 and o.bucket_id = r.bucket_id and o.name = u.name`,
        [run.id],
      );
    });
    const { run: end } = await carryOut(stack, run, 10);
    // A file with a row is not in flight, at any age.
    expect(end).toMatchObject({ queued: 5, missing: 0, inFlight: 0 });
    expect(
      await stack.sql(
        'select file_path, status, processed from public.files_queue where bucket_id = $1 order by file_path',
        [bucket],
      ),
    ).toEqual([
      { file_path: 'at the grace time', status: 'processed', processed: true },
      { file_path: 'new', status: 'pending', processed: false },
      { file_path: 'old', status: 'processed', processed: true },
      { file_path: 'undated', status: 'processed', processed: true },
      { file_path: 'within it', status: 'pending', processed: false },
    ]);
  });
});

describe('a backfill that is refused', () => {
  it('names the bucket that does not exist, and leaves no run', async () => {
    const refusal = open('raw-misspelt');
    await expect(refusal).rejects.toMatchObject({ code: 'BACKFILL_REFUSED' });
    await expect(refusal).rejects.toThrow(/raw-misspelt/);
    expect(await stack.sql(`select from legisync.backfill_runs where bucket_id = 'raw-misspelt'`)).toEqual(
      [],
    );
    for (const ask of [
      () => stack.supabase.backfill.last('raw-misspelt'),
      () => stack.supabase.backfill.plan('raw-misspelt', ''),
    ]) {
      await expect(ask()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    }
  });

  it.each(['anew', '', null])('got an unknown way to start: %p abandons nothing', async (start) => {
    const bucket = await plantNames(['a', 'b']);
    const run = await open(bucket);
    await expect(
      stack.sql('select public.legisync_open_backfill($1, $2, $3, $4)', [bucket, 'owner-2', start, PLAIN]),
    ).rejects.toMatchObject({ code: '22023', message: expect.stringContaining('p_start') as string });
    expect(await stack.supabase.backfill.last(bucket)).toEqual(run);
  });

  it.each([0, -1, 1_000_001, null])('was asked for a chunk of %p objects: nothing is done', async (size) => {
    const bucket = await plantNames(['a', 'b']);
    const run = await open(bucket);
    await expect(
      stack.sql('select public.legisync_backfill_chunk($1, $2, $3, $4)', [
        run.id,
        run.phase,
        run.position,
        size,
      ]),
    ).rejects.toMatchObject({ code: '22023', message: expect.stringContaining('p_size') as string });
    expect(await stack.supabase.backfill.last(bucket)).toEqual(run);
    expect(await countsOf(stack, bucket)).toMatchObject({ rows: 0 });
  });
});

describe('a backfill beside another', () => {
  it('is refused when both are opened at once: one run begins, and the other caller gets its id', async () => {
    const bucket = await plantNames(['a', 'b']);
    const answers = await withSession(stack.databaseUrl, async ({ client, pid }) => {
      await client.query('begin');
      await client.query('select pg_advisory_xact_lock(legisync.backfill_lock($1))', [bucket]);
      const opens = Promise.allSettled([
        open(bucket, {}, 'new', 'owner-1'),
        open(bucket, {}, 'new', 'owner-2'),
      ]);
      await untilBlocked(stack, pid);
      await client.query('commit');
      return opens;
    });
    const opened = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    const refused = answers.flatMap((answer): unknown[] =>
      answer.status === 'rejected' ? [answer.reason] : [],
    );
    expect(opened).toHaveLength(1);
    expect(refused).toEqual([expect.objectContaining({ code: 'BACKFILL_REFUSED' })]);
    expect(
      await stack.sql('select id::int from legisync.backfill_runs where bucket_id = $1', [bucket]),
    ).toEqual([{ id: opened[0]?.id }]);
  });

  it('reports at once that a chunk still runs, without a wait for its lock', async () => {
    const bucket = await plantNames(['a', 'b']);
    const run = await open(bucket);
    const call = { ...at(run), size: 1 };
    await withSession(stack.databaseUrl, async ({ client }) => {
      await client.query('begin');
      await client.query('select public.legisync_backfill_chunk($1, $2, $3, $4)', [
        call.run,
        call.phase,
        call.position,
        call.size,
      ]);
      // A call that waits for a lock would fail by this, with another message.
      await stack.sql(`alter function public.legisync_backfill_chunk set lock_timeout = '2s'`);
      try {
        const second = stack.supabase.backfill.chunk(call);
        await expect(second).rejects.toMatchObject({ code: 'DATABASE_BUSY' });
        await expect(second).rejects.toThrow(
          `An earlier call is still working on run ${run.id}, phase queue.`,
        );
      } finally {
        await client.query('commit');
        await stack.sql('alter function public.legisync_backfill_chunk reset lock_timeout');
      }
    });
    expect(await stack.supabase.backfill.chunk(call)).toMatchObject({ outcome: 'already_done' });
  });
});

describe('the figures of a backfill', () => {
  it('are kept of a bucket’s last twenty runs', async () => {
    const bucket = await plantNames([]);
    const ids: number[] = [];
    for (let n = 0; n < 22; n += 1) {
      const { run } = await carryOut(stack, await open(bucket, {}, 'new', `owner-${n}`), 10);
      expect(run).toMatchObject({ state: 'completed', scanned: 0 });
      ids.push(run.id);
    }
    const kept = await stack.sql<{ id: number }>(
      'select id::int from legisync.backfill_runs where bucket_id = $1 order by id',
      [bucket],
    );
    expect(kept.map(({ id }) => id)).toEqual(ids.slice(-20));
    // The chunks are deleted with their runs.
    expect(
      await stack.sql('select from legisync.backfill_chunks where run = any ($1)', [ids.slice(0, 2)]),
    ).toEqual([]);
  });

  it('count paths that a row of another bucket, or of none, holds: before it, and at its end', async () => {
    const bucket = await plantNames(['a', 'b', 'c', 'd/', 'x/.emptyFolderPlaceholder']);
    await stack.sql('alter table public.files_queue alter column bucket_id drop not null');
    try {
      // Not counted: a row whose path no object has, and rows of objects that are not files.
      await stack.sql(
        `insert into public.files_queue (file_path, bucket_id) values
           ('a', 'another'), ('b', null), ('nothing', null), ('d/', null), ('x/.emptyFolderPlaceholder', 'another')`,
      );
      expect(await stack.supabase.backfill.plan(bucket, '')).toMatchObject({
        files: 3,
        missing: 1,
        missingBytes: 3,
        heldByOtherBucket: 2,
      });
      for (const size of [1, 2, 10]) {
        const { run } = await carryOut(stack, await open(bucket, {}, 'new', `size ${size}`), size);
        expect(run).toMatchObject({ heldByOtherBucket: 2, skipped: 2, missing: 0 });
      }
      expect(await countsOf(stack, bucket)).toMatchObject({ rows: 1 });
    } finally {
      await stack.sql(`delete from public.files_queue where bucket_id is null`);
      await stack.sql('alter table public.files_queue alter column bucket_id set not null');
    }
  });
});

describe('a backfill whose queue is emptied while it is at work', () => {
  it('catches up with no more rows in a chunk than the first pass writes, and continues after the last of them', async () => {
    const bucket = await plantNames([]);
    await stack.sql(
      `insert into storage.objects (bucket_id, name, created_at, updated_at)
       select $1, 'f' || lpad(i::text, 6, '0'), now() - interval '1 day', now() - interval '1 day'
       from generate_series(1, 100500) i`,
      [bucket],
    );
    const opened = await open(bucket);
    const next = async (run: BackfillRun) => {
      const chunk = await stack.supabase.backfill.chunk({ ...at(run), size: 1_000_000 });
      if (chunk.outcome !== 'done') throw new Error(`The chunk after ${run.position} was ${chunk.outcome}.`);
      return chunk;
    };
    const queued = await next(opened);
    expect(queued).toMatchObject({ changed: 100_500, run: { phase: 'catch_up', position: '' } });
    await emptyTables(stack);

    const caught = await next(queued.run);
    expect(caught).toMatchObject({ changed: 100_000, run: { phase: 'catch_up', position: 'f100000' } });
    const rest = await next(caught.run);
    expect(rest).toMatchObject({ changed: 500, run: { phase: 'verify', caughtUp: 100_500 } });
    expect((await next(rest.run)).run).toMatchObject({ state: 'completed', missing: 0 });
  });
});

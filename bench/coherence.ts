/**
 * Measures a comparison of Storage and files_queue with 1,400,000 files, and checks that it finds
 * exactly the planted differences: 1,400 missing files, 200 dangling rows, 70 wrong sizes, 30 stale
 * rows. Then the same with equal numbers of missing and dangling, so that the counts agree:
 *
 *   npm run bench:coherence
 *   npm run bench:coherence -- --rows 100000 --json
 *
 * It uses the command and the API, like an operator. Seconds are measured in the database; the
 * median of three. Times depend on the machine, so a missed bound is only shown (MISSED). The exit
 * code is 1 if a count is wrong.
 */
import { isDeepStrictEqual, parseArgs } from 'node:util';
import type { Client } from 'pg';
import { z } from 'zod';
import { median, round, timed } from './support/figures.ts';
import { fillBucket } from './support/objects.ts';
import { openRig, type Rig } from './support/rig.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1400000' },
    /** Runs of each kind. */
    runs: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
});
const files = Number(values.rows);
const runs = Number(values.runs);

/** Upper bounds for one statement, in seconds. */
const BOUNDS = { cheap: 1.5, full: 8 } as const;

/** `n` of 1,400,000, scaled to the number of files. */
const share = (n: number): number => Math.ceil((n * files) / 1_400_000);
const PLANTED = { missing: share(1_400), dangling: share(200), sizeMismatches: share(70), stale: share(30) };

const log = (line: string): void => console.error(line);

const count = z.int();
const answer = z.object({
  reading: z.object({
    seconds: z.number(),
    storage: z.object({ count, size: z.string() }),
    queue: z.object({ count, size: z.string() }),
    missing: count.optional(),
    dangling: count.optional(),
    sizeMismatches: count.optional(),
    stale: count.optional(),
  }),
  verdict: z.object({ state: z.string(), next: z.string().nullable() }),
});
type Answer = z.output<typeof answer>;

/** The differences that a reading found, in the form of {@link PLANTED}. */
function foundIn({ reading: { missing, dangling, sizeMismatches, stale } }: Answer) {
  return { missing, dangling, sizeMismatches, stale };
}

const rig = await openRig({ postgres: { shared_buffers: '1GB', max_wal_size: '4GB' }, log });
try {
  const report = await rig.withSession((client) => measure(rig, client));
  console.log(values.json ? JSON.stringify(report) : JSON.stringify(report, null, 2));
  if (!report.exact || !report.cancelling.exact) process.exitCode = 1;
} catch (error) {
  // After Ctrl-C, errors of the stopped processes are expected.
  if (!rig.signal.aborted) throw error;
  process.exitCode = 130;
} finally {
  await rig.close();
}

async function measure({ bucket }: Rig, client: Client) {
  const filled = await timed(() => fillBucket(client, bucket, files));
  log(`${files} files made in ${filled.seconds.toFixed(0)} s`);
  await queueAll(client, bucket);
  await plant(client, bucket);
  await client.query('vacuum analyze public.files_queue');

  const cheap = await ask('cheap');
  const full = await ask('full');
  const rate = await timed(() => rig.legisync('rate', '--json'));

  // Adds as many rows as there are objects without a row, including placeholders: the counts agree.
  const without = PLANTED.missing + filled.result.objects - files;
  await plantDangling(client, bucket, PLANTED.dangling + 1, without - PLANTED.dangling);
  const [cancelling] = await ask('full', 1);
  const wanted = { ...PLANTED, dangling: without };
  const found = cancelling?.answer;
  return {
    files,
    cheapSeconds: secondsOf(cheap),
    fullSeconds: secondsOf(full),
    missedBounds: [...missed('cheap', cheap), ...missed('full', full)],
    cheapCommandSeconds: round(median(cheap, ({ seconds }) => seconds).seconds),
    fullCommandSeconds: round(median(full, ({ seconds }) => seconds).seconds),
    rateCommandSeconds: round(rate.seconds),
    planted: PLANTED,
    found: full[0] === undefined ? null : foundIn(full[0].answer),
    exact: full.every((one) => isDeepStrictEqual(foundIn(one.answer), PLANTED)),
    verdict: full[0]?.answer.verdict,
    cancelling: {
      storage: found?.reading.storage.count,
      queue: found?.reading.queue.count,
      found: found === undefined ? null : foundIn(found),
      exact:
        found !== undefined &&
        isDeepStrictEqual(foundIn(found), wanted) &&
        found.reading.storage.count === found.reading.queue.count,
    },
  };
}

interface Asked {
  readonly answer: Answer;
  /** Duration of the whole command. */
  readonly seconds: number;
}

async function ask(kind: keyof typeof BOUNDS, times = runs): Promise<Asked[]> {
  const asked: Asked[] = [];
  for (let run = 1; run <= times; run += 1) {
    const options = kind === 'cheap' ? ['--cheap'] : [];
    const { result, seconds } = await timed(() => rig.legisync('coherence', ...options, '--json'));
    if (result.exitCode > 1) throw new Error(`legisync coherence failed: ${result.stdout}${result.stderr}`);
    const one = answer.parse(JSON.parse(result.stdout));
    log(`${kind} ${run} of ${times}: ${one.reading.seconds.toFixed(2)} s`);
    asked.push({ answer: one, seconds });
  }
  return asked;
}

function secondsOf(asked: readonly Asked[]): number {
  return round(median(asked, (one) => one.answer.reading.seconds).answer.reading.seconds);
}

function missed(kind: keyof typeof BOUNDS, asked: readonly Asked[]): string[] {
  const seconds = secondsOf(asked);
  return seconds <= BOUNDS[kind] ? [] : [`MISSED: ${kind}, ${seconds} s instead of ${BOUNDS[kind]} s`];
}

/**
 * Creates a row for every file, as a backfill does. By SQL, because its speed is not measured here.
 */
async function queueAll(client: Client, bucket: string): Promise<void> {
  await client.query(
    `insert into public.files_queue (file_path, bucket_id, file_size, content_sha256, created_at)
       select name, bucket_id, legisync.object_size(metadata), user_metadata ->> 'sha256', now() - interval '1 day'
       from storage.objects where bucket_id = $1 and legisync.is_file(name) order by name`,
    [bucket],
  );
}

/** Plants the differences all over the bucket, each row with one of them. */
async function plant(client: Client, bucket: string): Promise<void> {
  const change = (what: string, where: string, seed: string, n: number) =>
    client.query(
      `${what} where file_path in (
         select file_path from public.files_queue where ${where} order by md5($1 || file_path) limit $2)`,
      [seed, n],
    );
  await change('delete from public.files_queue', 'true', 'missing', PLANTED.missing);
  await change(
    'update public.files_queue set file_size = file_size + 1',
    'file_size is not null',
    'sizes',
    PLANTED.sizeMismatches,
  );
  await change(
    `update public.files_queue set content_sha256 = 'v1:' || md5(file_path)`,
    'content_sha256 is not null',
    'stale',
    PLANTED.stale,
  );
  await plantDangling(client, bucket, 1, PLANTED.dangling);
}

async function plantDangling(client: Client, bucket: string, from: number, n: number): Promise<void> {
  await client.query(
    `insert into public.files_queue (file_path, bucket_id, file_size, created_at)
       select 'legifrance/cat' || lpad((i % 12)::text, 2, '0') || '/LEGIARTI9' || lpad(i::text, 11, '0') || '.json', $1,
              100000, now() - interval '2 days'
       from generate_series($2::int, $2 + $3 - 1) i`,
    [bucket, from, n],
  );
}

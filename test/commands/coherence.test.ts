import { plantBucket } from '../support/buckets.ts';
import { MIX, plantMix, plantRows, queueAll } from '../support/coherence.ts';
import { checksum, emptyTables } from '../support/queue.ts';
import { openStack, type TestStack } from '../support/stack.ts';
import { json, legisync, withCommandFolder, type Ended } from './harness.ts';

let stack: TestStack;

beforeAll(async () => {
  stack = await openStack();
});
beforeEach(() => emptyTables(stack));
afterAll(() => stack.close());

/** Runs a command on a bucket, without settings of a Temporal server: none is needed. */
function run(bucket: string, ...args: string[]): Promise<Ended> {
  return withCommandFolder((cwd) => {
    const env = {
      SUPABASE_URL: stack.gateway.url,
      SUPABASE_SERVICE_ROLE_KEY: stack.gateway.serviceKey,
      LEGISYNC_BUCKET: bucket,
    };
    return legisync({ cwd, env }, ...args);
  });
}

describe('legisync coherence', () => {
  it('exits with 0 if both agree, and notes differences below the limits', async () => {
    const bucket = await plantBucket(stack, 200);
    await queueAll(stack, bucket);
    await plantRows(stack, bucket, { n: 2, from: 9_000, age: '1 hour' });
    const ended = await run(bucket, 'coherence');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toContain(' Storage     |         203 | ');
    expect(ended.stdout).toContain('Verdict: coherent');
    expect(ended.stdout).toContain('2 of 202 rows have no file (0.99 %); 0 of them are marked.');
    expect(ended.stdout).toContain('Next: legisync repair dangling --dry-run');
  });

  it('exits with 1 if they differ too much, changes nothing, and names the next command', async () => {
    const bucket = await plantBucket(stack, 1_001);
    const ended = await run(bucket, 'coherence', '--json');
    expect(ended.code).toBe(1);
    expect(json(ended)).toMatchObject({
      reading: { kind: 'full', missing: 1_001, files: 1_001 },
      missingInQueue: { count: 1_004, difference: 'with 3 placeholders' },
      verdict: { state: 'desynchronised', next: 'legisync backfill --dry-run', gaps: { counts: 100 } },
    });
    expect(await stack.sql('select from public.files_queue')).toEqual([]);
    const counted = await run(bucket, 'coherence', '--cheap', '--json');
    expect(counted.code).toBe(1);
    expect(json(counted)).toMatchObject({
      reading: { kind: 'cheap', storage: { count: 1_004 }, queue: { count: 0 } },
      verdict: { next: 'legisync coherence' },
    });
  });

  it('exits with 8 and offers the cheap reading if the full one times out', async () => {
    const bucket = await plantBucket(stack, 10);
    await stack.sql(
      `alter function public.legisync_measure_coherence(text, text, integer) set statement_timeout = '1ms'`,
    );
    try {
      const ended = await run(bucket, 'coherence', '--json');
      expect(ended.code).toBe(8);
      expect(json(ended)).toMatchObject({
        error: { code: 'DATABASE_TIMEOUT', next: 'legisync coherence --cheap' },
      });
    } finally {
      await stack.sql(
        `alter function public.legisync_measure_coherence(text, text, integer) set statement_timeout = '30s'`,
      );
    }
  });

  it('exits with 3 if Supabase is not configured', async () => {
    await withCommandFolder(async (cwd) => {
      for (const command of [['coherence'], ['missing'], ['rate'], ['repair', 'stale', '--dry-run']]) {
        expect((await legisync({ cwd, env: {} }, ...command)).code).toBe(3);
      }
    });
  });
});

describe('legisync missing, dangling and stale', () => {
  it('list the first by path, twenty by default', async () => {
    const bucket = await plantMix(stack);
    const { code, stdout } = await run(bucket, 'missing');
    expect(code).toBe(0);
    expect(stdout).toContain('legifrance/cat0/LEGIARTI000000000000.json | 1000 | ');
    expect(stdout).toContain('(20 rows)');
    expect(json(await run(bucket, 'dangling', '--limit', '1000', '--json'))['dangling']).toHaveLength(
      MIX.dangling,
    );
    expect((await run(bucket, 'stale', '--limit', '1')).stdout).toContain('(1 row)');
  });

  it.each(['0', '1001', 'all', '1.5'])('refuse the limit %s', async (limit) => {
    const ended = await run('b', 'missing', '--limit', limit);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain('from 1 to 1000');
  });
});

describe('legisync repair', () => {
  it('asks for a yes and says what it would do; a dry run does not ask', async () => {
    const bucket = await plantMix(stack);
    const before = await checksum(stack, 'public.files_queue');
    const asked = await run(bucket, 'repair', 'dangling');
    expect(asked.code).toBe(2);
    expect(asked.stderr).toContain('40 without a file would be marked');
    expect(asked.stderr).toContain('legisync repair dangling --yes');
    const planned = await run(bucket, 'repair', 'stale', '--dry-run');
    expect(planned.code).toBe(0);
    expect(planned.stdout).toContain('Nothing was changed (--dry-run).');
    expect(await checksum(stack, 'public.files_queue')).toBe(before);
  });

  it('repairs with --yes, and then finds nothing', async () => {
    const bucket = await plantMix(stack);
    expect(json(await run(bucket, 'repair', 'dangling', '--yes', '--json'))).toMatchObject({
      dryRun: false,
      marked: 40,
      takenBack: 2,
    });
    expect(json(await run(bucket, 'repair', 'stale', '--yes', '--json'))).toMatchObject({
      pendingAgain: 0,
      requeued: MIX.stale,
      resized: MIX.sizeMismatches,
    });
    for (const kind of ['dangling', 'stale']) {
      const again = await run(bucket, 'repair', kind);
      expect(again).toMatchObject({ code: 0, stderr: expect.stringMatching(/^Target: .*\n$/) as string });
      expect(again.stdout).toContain('There is nothing to repair.');
    }
  });
});

describe('legisync rate', () => {
  it('prints the last ten minutes, or that nothing was inserted', async () => {
    const bucket = await plantBucket(stack, 0);
    expect((await run(bucket, 'rate')).stdout).toContain('No row was inserted');
    await plantRows(stack, bucket, { n: 3, from: 1, age: '2 minutes' });
    const { code, stdout } = await run(bucket, 'rate');
    expect(code).toBe(0);
    const [head = '', , row] = stdout.split('\n');
    expect(head.split('|').map((name) => name.trim())).toEqual(['minute', 'files_inserted', 'buckets']);
    expect(row).toMatch(
      new RegExp(`^ \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:00 \\|              3 \\| ${bucket}$`),
    );
  });
});

import { SignJWT } from 'jose';
import { openMassive, type MassiveStack } from '../support/massive.ts';
import { serverSetting } from '../support/servers.ts';
import { withSession } from '../support/sessions.ts';
import { JWT_SECRET } from '../support/supabase.ts';
import { eventually, startWorker, type WorkerProcess } from '../support/workers.ts';
import { deadAddress, legisync, withCommandFolder, type Ended, type World } from './harness.ts';

/**
 * What people are told when something is wrong: each row breaks one thing under a collection that
 * runs, and reads the four commands that look.
 */

const CODE = 'LEGITEXT000099000031';
const COMMANDS = [['status'], ['massive', 'status'], ['status', '--check'], ['up']] as const;

interface Broken {
  readonly what: string;
  /** Breaks it. Returns what the worker and the commands get beside their settings. */
  readonly breaks: (massive: MassiveStack) => Promise<{
    readonly worker?: Record<string, string> | 'none' | 'changed';
    readonly commands?: Record<string, string>;
  }>;
  /** Undoes what would break the next row. */
  readonly restores?: (massive: MassiveStack) => Promise<unknown>;
  /** What each command must name. */
  readonly code: string;
  /** In the order of {@link COMMANDS}. */
  readonly exits: readonly number[];
  /** What `up` says if it repairs the cause. */
  readonly up?: string;
  /** Whether a time since when, and the next try, are known. */
  readonly times: boolean;
}

/** The guards of Storage and of the queue ask for these settings. */
const EMPTY_BUCKET = `begin; set local storage.allow_delete_query = 'true';
  set local legisync.allow_emptying = 'files_queue';
  delete from public.files_queue; delete from storage.objects; commit`;

const sql = (massive: MassiveStack, text: string) => massive.stack.sql(text);
const nothing = () => Promise.resolve({});

const expiredKey = () =>
  new SignJWT({ role: 'service_role' })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(Math.floor(Date.now() / 1_000) - 3_600)
    .sign(new TextEncoder().encode(JWT_SECRET));

const ROWS: readonly Broken[] = [
  {
    what: 'worker absent',
    breaks: () => Promise.resolve({ worker: 'none' }),
    code: 'NO_WORKER',
    exits: [0, 7, 7, 0],
    times: false,
  },
  {
    what: 'worker of another configuration',
    breaks: () =>
      Promise.resolve({
        worker: { LEGISYNC_COLLECTIONS: '', LEGISYNC_MASSIVE: 'none', LEGISYNC_MAINTENANCE: 'none' },
      }),
    code: 'COLLECTION_UNKNOWN',
    exits: [0, 3, 3, 3],
    times: true,
  },
  {
    what: 'workflow code changed',
    breaks: () => Promise.resolve({ worker: 'changed' }),
    code: 'WORKFLOW_STUCK',
    exits: [0, 6, 6, 6],
    times: false,
  },
  {
    what: 'PISTE key revoked',
    breaks: () => Promise.resolve({ worker: { PISTE_CLIENT_SECRET: 'revoked' } }),
    code: 'LEGIFRANCE_CREDENTIALS',
    exits: [0, 1, 1, 1],
    times: true,
  },
  {
    what: 'Légifrance down',
    breaks: (massive) => {
      massive.stack.simulator.control.fault({
        kind: 'status',
        status: 503,
        path: 'consult',
        times: 1_000_000,
      });
      return nothing();
    },
    restores: (massive) => {
      massive.stack.simulator.control.clearFaults();
      return nothing();
    },
    code: 'LEGIFRANCE_UNAVAILABLE',
    exits: [0, 0, 1, 0],
    times: true,
  },
  {
    what: 'quota spent',
    breaks: () =>
      Promise.resolve({ worker: { LEGISYNC_QUOTA_PER_HOUR: '5', LEGISYNC_QUOTA_RESERVE_PERCENT: '0' } }),
    code: 'QUOTA_SPENT',
    exits: [0, 0, 0, 0],
    times: true,
  },
  {
    what: 'Supabase key expired',
    breaks: async () => {
      const SUPABASE_SERVICE_ROLE_KEY = await expiredKey();
      return { worker: { SUPABASE_SERVICE_ROLE_KEY }, commands: { SUPABASE_SERVICE_ROLE_KEY } };
    },
    code: 'SUPABASE_CREDENTIALS',
    exits: [0, 8, 8, 8],
    times: true,
  },
  {
    what: 'bucket deleted',
    breaks: async (massive) => {
      await withSession(massive.stack.databaseUrl, ({ client }) =>
        client.query(`${EMPTY_BUCKET.replace('commit', '')} delete from storage.buckets; commit`),
      );
      return {};
    },
    restores: (massive) => massive.stack.supabase.storage.ensureBucket(),
    code: 'STORAGE_REFUSED',
    // `up` makes the bucket, and lets the collection try again.
    exits: [0, 8, 8, 0],
    up: '+ bucket',
    times: true,
  },
  {
    what: 'MIME rule wrong',
    breaks: async (massive) => {
      await sql(massive, `update storage.buckets set allowed_mime_types = '{text/plain}'`);
      return {};
    },
    restores: (massive) => sql(massive, 'update storage.buckets set allowed_mime_types = null'),
    code: 'STORAGE_REFUSED',
    exits: [0, 8, 8, 8],
    times: true,
  },
  {
    what: 'schema missing',
    breaks: async (massive) => {
      await sql(
        massive,
        `alter function public.legisync_open_pass(text, text[], integer) rename to open_pass_away; notify pgrst, 'reload schema'`,
      );
      return {};
    },
    restores: (massive) =>
      sql(
        massive,
        'alter function public.open_pass_away(text, text[], integer) rename to legisync_open_pass',
      ),
    code: 'SCHEMA_MISSING',
    exits: [0, 8, 8, 8],
    times: true,
  },
  {
    what: 'database down',
    breaks: (massive) => {
      massive.stack.gateway.control.fault({ kind: 'status', status: 503, match: '/rest/v1/' });
      return nothing();
    },
    restores: (massive) => {
      massive.stack.gateway.control.clear();
      return nothing();
    },
    code: 'DATABASE_BUSY',
    exits: [0, 8, 8, 8],
    times: true,
  },
  {
    what: 'Temporal down',
    breaks: async () => ({ commands: { TEMPORAL_ADDRESS: await deadAddress() } }),
    code: 'TEMPORAL_UNREACHABLE',
    exits: [4, 4, 4, 4],
    times: false,
  },
];

let massive: MassiveStack;
const printed: string[] = [];

beforeAll(async () => {
  massive = await openMassive([{ kind: 'codes', name: 'codes', codes: [CODE] }], {
    legifrance: {
      codes: [],
      syntheticCodes: [{ id: CODE, title: 'Code des pannes', articles: 40 }],
    },
  });
});
beforeEach(async () => {
  await sql(massive, 'truncate legisync.documents, legisync.slices, legisync.passes');
  await withSession(massive.stack.databaseUrl, ({ client }) => client.query(EMPTY_BUCKET));
});
afterAll(async () => {
  await massive.close();
  process.stdout.write(`${printed.join('\n')}\n`);
});

/** Starts the worker of a row; undefined if there is none. */
function workerOf(kind: Record<string, string> | 'none' | 'changed' | undefined): WorkerProcess | undefined {
  if (kind === 'none') return undefined;
  if (kind !== 'changed') return startWorker(massive.env(kind));
  return startWorker(
    massive.env({ OTHER_BUNDLE: serverSetting('stubBundle'), OTHER_BUILD: 'stubs' }),
    'test/support/otherBuildWorker.ts',
  );
}

/** Lets a worker begin a batch, which the worker with other code then cannot replay. */
async function beginWithRealCode(): Promise<void> {
  const worker = startWorker(massive.env());
  await worker.ready;
  await eventually(async () => (await massive.handle().describe()).historyLength > 8);
  await worker.stop();
}

describe('what people are told', () => {
  it.each(ROWS)('if: $what', async ({ breaks, restores, code, exits, times, up }) => {
    await withCommandFolder(async (cwd) => {
      const { worker: kind, commands } = await breaks(massive);
      const quiet = { LEGISYNC_MAINTENANCE: 'none', LEGISYNC_COHERENCE_CRON: 'none' };
      const world: World = { cwd, env: massive.env({ ...quiet, ...commands }) };
      await massive.start();
      if (kind === 'changed') await beginWithRealCode();
      const worker = workerOf(kind);
      try {
        await worker?.ready;
        if (kind === 'changed') await massive.handle().signal('anything');
        // `up` comes last: it makes a missing bucket.
        await eventually(async () => tells(await legisync(world, 'massive', 'status'), code, times));
        const ended: Ended[] = [];
        for (const args of COMMANDS) ended.push(await legisync(world, ...args));
        for (const [n, args] of COMMANDS.entries()) {
          const one = ended[n];
          if (one === undefined) throw new Error('The command did not run.');
          printed.push(
            `| ${code} | ${args.join(' ')} | ${String(one.code)} | ${textOf(one).split('\n')[0] ?? ''} |`,
          );
        }
        expect(ended.map((one) => one.code)).toEqual(exits);
        for (const [n, one] of ended.entries()) {
          const isRepaired = n === 3 && up !== undefined;
          expect(textOf(one)).toContain(isRepaired ? up : code);
          if (!isRepaired) expect(textOf(one)).toMatch(/Next: \S/);
        }
        expect(ended.slice(0, 3).every((one) => tells(one, code, times))).toBe(true);
      } finally {
        await worker?.stop();
        await massive
          .handle()
          .terminate()
          .catch(() => undefined);
        await restores?.(massive);
      }
    });
  });
});

const textOf = ({ stdout, stderr }: Ended): string => `${stdout}${stderr}`;

/** Whether a command names the cause and, if they are known, since when and the next try. */
function tells(ended: Ended, code: string, times: boolean): boolean {
  const text = textOf(ended);
  if (!text.includes(code)) return false;
  return !times || (/since 20\d\d-\d\d-\d\d/.test(text) && /next try:? (20\d\d-|now)/.test(text));
}

import { asPostgres, withSession } from '../support/sessions.ts';
import { openStack, type TestStack } from '../support/stack.ts';
import { json, legisync, withCommandFolder, type Ended } from './harness.ts';

let stack: TestStack;

beforeEach(async () => {
  stack = await openStack({ bare: true });
});
afterEach(() => stack.close());

const runWith = (env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Ended> =>
  withCommandFolder((cwd) =>
    legisync({ cwd, env: { SUPABASE_DB_URL: asPostgres(stack.databaseUrl), ...env } }, 'migrate', ...args),
  );
const run = (...args: readonly string[]): Promise<Ended> => runWith({}, ...args);

it('`migrate --check` exits with 1 and the SQL to copy, `migrate` with 8 and that command; after it, both succeed', async () => {
  await withSession(asPostgres(stack.databaseUrl), ({ client }) =>
    client.query(`create table files_queue (file_path text not null unique, bucket_id text not null, file_size bigint,
      status text not null check (status <> 'dangling'), processed boolean not null)`),
  );
  const fix = 'alter table public.files_queue add column created_at timestamptz default now()';

  const found = await run('--check');
  expect(found).toMatchObject({ code: 1, stderr: '' });
  expect(found.stdout.split('\n')).toEqual([
    'blocks (column): public.files_queue lacks created_at. If these columns exist under other names, rename them. Otherwise add them:',
    `    ${fix};`,
    expect.stringMatching(/^warning \(status\): .*"dangling"/),
    expect.stringMatching(/^ {4}alter table .* drop constraint .* add constraint .* not valid;$/),
    expect.stringMatching(/^ {4}alter table .* validate constraint .*;$/),
    '1 finding(s) block, 1 warning(s).',
    'Next: fix them, then legisync migrate --check',
    '',
  ]);
  expect(json(await run('--check', '--json'))).toMatchObject({
    blocking: 1,
    warnings: 1,
    findings: [
      { severity: 'blocks', about: 'column', sql: [fix] },
      { severity: 'warning', about: 'status' },
      { severity: 'fine', about: 'id', sql: [] },
      { severity: 'fine', about: 'delete', sql: [`set local legisync.allow_emptying = 'files_queue'`] },
    ],
  });

  const refused = await run('--json');
  expect(refused.code).toBe(8);
  expect(json(refused)).toMatchObject({
    error: { code: 'QUEUE_INCOMPATIBLE', next: 'legisync migrate --check' },
  });

  await stack.sql(fix);
  const fits = await run('--check');
  expect([fits.code, ...fits.stdout.trim().split('\n').slice(-2)]).toEqual([
    0,
    'Nothing blocks, 1 warning(s).',
    'Next: legisync migrate',
  ]);
  expect((await run()).code).toBe(0);
});

it('`migrate` writes the settings that the database needs, each time', async () => {
  const env = {
    LEGISYNC_STATUS_DONE: 'processed,failed',
    LEGISYNC_STATUS_IN_PROGRESS: 'processing',
    LEGISYNC_STATUS_FAILED: 'failed',
    LEGISYNC_CLAIM_ATTEMPTS: '3',
    LEGISYNC_GRACE_SECONDS: '60',
    LEGISYNC_MAX_DELETE_PERCENT: '20',
  };
  expect((await runWith(env)).code).toBe(0);
  const settings = () =>
    stack.sql(
      `select status_done, status_in_progress, status_failed, write_done, write_in_progress, write_failed, write_dangling,
              claim_attempts, extract(epoch from grace)::int as grace, max_delete_percent from legisync.settings`,
    );
  expect(await settings()).toEqual([
    {
      status_done: ['processed', 'failed'],
      status_in_progress: ['processing'],
      status_failed: ['failed'],
      write_done: 'processed',
      write_in_progress: 'processing',
      write_failed: 'failed',
      write_dangling: 'dangling',
      claim_attempts: 3,
      grace: 60,
      max_delete_percent: 20,
    },
  ]);
  expect((await run()).code).toBe(0);
  expect(await settings()).toMatchObject([{ claim_attempts: 5, grace: 900, max_delete_percent: 50 }]);
});

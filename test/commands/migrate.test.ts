import { asPostgres, withSession } from '../support/sessions.ts';
import { openStack, type TestStack } from '../support/stack.ts';
import { json, legisync, withCommandFolder, type Ended } from './harness.ts';

let stack: TestStack;

beforeAll(async () => {
  stack = await openStack({ bare: true });
});
afterAll(() => stack.close());

const run = (...args: readonly string[]): Promise<Ended> =>
  withCommandFolder((cwd) =>
    legisync({ cwd, env: { SUPABASE_DB_URL: asPostgres(stack.databaseUrl) } }, 'migrate', ...args),
  );

it('`migrate --check` exits with 1 and the SQL to copy, `migrate` with 8 and that command; mended, both succeed', async () => {
  await withSession(asPostgres(stack.databaseUrl), ({ client }) =>
    client.query(`create table files_queue (file_path text not null unique, bucket_id text not null, file_size bigint,
      status text not null check (status <> 'dangling'), processed boolean not null)`),
  );
  const mending = 'alter table public.files_queue add column created_at timestamptz default now()';

  const found = await run('--check');
  expect(found).toMatchObject({ code: 1, stderr: '' });
  expect(found.stdout.split('\n')).toEqual([
    'blocks (column): public.files_queue lacks created_at. Rename the columns that have another name there, or add them:',
    `    ${mending};`,
    expect.stringMatching(/^warning \(status\): .*"dangling"/),
    expect.stringMatching(/^ {4}alter table .* drop constraint .* add constraint .* not valid;$/),
    expect.stringMatching(/^ {4}alter table .* validate constraint .*;$/),
    '1 finding(s) block, 1 warning(s). Next: mend them, then legisync migrate --check',
    '',
  ]);
  expect(json(await run('--check', '--json'))).toMatchObject({
    blocking: 1,
    warnings: 1,
    findings: [
      { severity: 'blocks', about: 'column', sql: [mending] },
      { severity: 'warning', about: 'status' },
      { severity: 'fine', about: 'id', sql: [] },
    ],
  });

  const refused = await run('--json');
  expect(refused.code).toBe(8);
  expect(json(refused)).toMatchObject({
    error: { code: 'QUEUE_INCOMPATIBLE', next: 'legisync migrate --check' },
  });

  await stack.sql(mending);
  const fits = await run('--check');
  expect([fits.code, fits.stdout.trim().split('\n').at(-1)]).toEqual([
    0,
    'Nothing blocks, 1 warning(s). Next: legisync migrate',
  ]);
  expect((await run()).code).toBe(0);
});

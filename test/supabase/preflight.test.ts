import { preflight } from '../../src/migrations/preflight/preflight.ts';
import { definitions } from '../support/definitions.ts';
import { openQueue, TABLE, WARNINGS, withSeverity, type PreflightQueue } from '../support/preflight.ts';
import { STATUS_VALUES } from '../support/servers.ts';
import { untilBlocked, withSession } from '../support/sessions.ts';

let queue: PreflightQueue;

describe('the preflight of a files_queue', () => {
  beforeAll(async () => {
    queue = await openQueue();
  });
  afterEach(() =>
    queue.stack.sql(`
      drop table if exists public.files_queue, public.words cascade;
      drop function if exists public.tell`),
  );
  afterAll(() => queue.stack.close());

  it('finds no problem if there is no table yet', async () => {
    expect(await queue.check()).toEqual([expect.objectContaining({ severity: 'fine', about: 'table' })]);
  });

  it.each([
    [
      'a uuid for an id',
      'drop column id, add column id uuid primary key default gen_random_uuid()',
      'id is uuid',
    ],
    ['no id', 'drop column id', 'has no id'],
  ])('accepts %s', async (_what, change, says) => {
    await queue.run(TABLE, `alter table files_queue ${change}`);
    const findings = await queue.check();
    expect(findings.filter(({ severity }) => severity !== 'fine')).toEqual([]);
    expect(findings.find(({ about }) => about === 'id')?.message).toContain(says);
  });

  it.each(WARNINGS)(
    'warns of %s, and each statement that it shows can be run',
    async (_what, ddl, about, says) => {
      await queue.run(TABLE, ddl);
      const findings = await queue.check();
      expect(withSeverity(findings, 'blocks')).toEqual([]);
      expect(withSeverity(findings, 'warning')).toEqual([
        expect.objectContaining({ about, message: expect.stringMatching(says) as string }),
      ]);
      await queue.run(...findings.flatMap(({ severity, sql }) => (severity === 'warning' ? sql : [])));
      // A trigger is disabled and enabled again, and a check of other columns is the team's to judge.
      const left = ['trigger', 'check'].includes(about) ? [expect.objectContaining({ about })] : [];
      expect(withSeverity(await queue.check(), 'warning')).toEqual(left);
    },
  );

  it('counts the rows that share a path, and keeps the finished or otherwise the oldest row of each path', async () => {
    await queue.run(
      TABLE,
      'alter table files_queue drop constraint files_queue_file_path_key',
      `insert into files_queue (file_path, bucket_id, file_size, status, processed, created_at) values
         ('a', 'b', 1, 'pending', false, '2025-01-01'), ('a', 'b', 2, 'processed', true, '2025-01-03'),
         ('a', 'b', 3, 'done', false, '2025-01-02'), ('b', 'b', 4, 'pending', false, '2025-01-02'),
         ('b', 'b', 5, 'pending', false, '2025-01-01'), ('c', 'b', 6, 'pending', false, '2025-01-01')`,
    );
    const [duplicates] = withSeverity(await queue.check(), 'blocks');
    expect(duplicates).toMatchObject({
      about: 'duplicates',
      message: expect.stringMatching(/^2 file_path.* 3 surplus rows in all\. Examples: a, b\. /) as string,
    });
    expect(await queue.stack.sql(duplicates?.sql[0] ?? '')).toHaveLength(2);
    await queue.followAdvice();
    const kept = await queue.stack.sql<{ file_size: string }>(
      'select file_size from files_queue order by file_path',
    );
    expect(kept.map(({ file_size }) => file_size)).toEqual(['3', '5', '6']);
  });

  it('reports that the count of the rows that share a path timed out', async () => {
    await queue.run(TABLE, 'alter table files_queue drop constraint files_queue_file_path_key');
    await withSession(queue.url, async ({ client, pid }) => {
      await client.query('begin');
      await client.query('lock table files_queue');
      const checked = queue.check();
      await untilBlocked(queue.stack, pid);
      // For the session this is the same as its statement timeout.
      await queue.stack.sql(
        `select pg_cancel_backend(pid) from pg_stat_activity where $1 = any (pg_blocking_pids(pid))`,
        [pid],
      );
      const findings = await checked;
      expect(withSeverity(findings, 'warning')).toContainEqual(
        expect.objectContaining({
          about: 'status in use',
          message: expect.stringContaining('could not be read in time') as string,
        }),
      );
      expect(withSeverity(findings, 'blocks')).toEqual([
        expect.objectContaining({
          about: 'duplicates',
          message: expect.stringContaining('timed out') as string,
        }),
        expect.objectContaining({ about: 'unique index' }),
      ]);
      await client.query('rollback');
      await queue.run(...(findings.find(({ about }) => about === 'duplicates')?.sql ?? []));
    });
  });

  it('warns of rows without a path', async () => {
    await queue.run(
      TABLE,
      'alter table files_queue alter file_path drop not null',
      `insert into files_queue (bucket_id) values ('a'), ('b')`,
    );
    expect(withSeverity(await queue.check(), 'warning')).toEqual([
      expect.objectContaining({ about: 'null path', message: expect.stringMatching(/^2 row/) as string }),
    ]);
  });

  it('accepts their own status values if the settings name them', async () => {
    await queue.run(
      TABLE,
      `alter table files_queue add check (status in ('pending', 'en_cours', 'fini', 'echec', 'dangling'))`,
    );
    expect(
      withSeverity(await queue.check(), 'warning').map(
        ({ message }) => /LEGISYNC_STATUS_\w+/.exec(message)?.[0],
      ),
    ).toEqual(['LEGISYNC_STATUS_DONE', 'LEGISYNC_STATUS_IN_PROGRESS', 'LEGISYNC_STATUS_FAILED']);
    const settings = {
      ...STATUS_VALUES,
      statusDone: ['fini', 'echec'],
      statusInProgress: ['en_cours'],
      statusFailed: ['echec'],
    };
    expect(withSeverity(await preflight(queue.url, settings), 'warning')).toEqual([]);
  });

  it('names the owner if it is another role, and refuses a view', async () => {
    await queue.stack.sql(`${TABLE}; alter table files_queue owner to supabase_admin`);
    expect(withSeverity(await queue.check(), 'blocks')).toEqual([
      expect.objectContaining({
        about: 'owner',
        message: expect.stringContaining('supabase_admin') as string,
      }),
    ]);
    for (const { sql } of withSeverity(await queue.check(), 'blocks')) await queue.stack.sql(sql.join(';'));
    expect(withSeverity(await queue.check(), 'blocks')).toEqual([]);
    await queue.stack.sql('drop table files_queue; create view public.files_queue as select 1 as file_path');
    await queue.stack.sql('alter view public.files_queue owner to postgres');
    expect(withSeverity(await queue.check(), 'blocks').map(({ about }) => about)).toEqual(['kind']);
    await queue.stack.sql('drop view public.files_queue');
  });

  it('reports row security that would hide rows from the role', async () => {
    await queue.stack.sql(`${TABLE}; alter table files_queue owner to authenticator;
      alter table files_queue enable row level security, force row level security`);
    const other = new URL(queue.url);
    other.username = 'authenticator';
    expect(withSeverity(await preflight(other.href, STATUS_VALUES), 'blocks')).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          about: 'row security',
          sql: ['alter table public.files_queue no force row level security'],
        }),
      ]),
    );
    await queue.stack.sql('alter table public.files_queue no force row level security');
    expect(withSeverity(await preflight(other.href, STATUS_VALUES), 'blocks')).not.toContainEqual(
      expect.objectContaining({ message: expect.stringContaining('force row level security') as string }),
    );
  });

  it('warns of what legisync is not tested with, and lists what it does not change', async () => {
    await queue.run(
      TABLE.replace('primary key', '') + ' partition by hash (file_path)',
      'create table files_queue_0 partition of files_queue for values with (modulus 1, remainder 0)',
      'create rule keep as on delete to files_queue do instead nothing',
      `create function tell() returns trigger language plpgsql as $$ begin return null; end $$`,
      'create trigger tell after delete on files_queue for each row execute function tell()',
    );
    const findings = await queue.check();
    const summary = findings.map(({ severity, about }) => `${severity}: ${about}`);
    expect(summary).toEqual(['warning: kind', 'warning: rule', 'fine: trigger', 'fine: id', 'fine: delete']);
    await queue.run(...(findings.find(({ about }) => about === 'rule')?.sql ?? []));
    expect(withSeverity(await queue.check(), 'warning').map(({ about }) => about)).toEqual(['kind']);
    await queue.run('drop table files_queue cascade');
  });

  it('changes nothing, and does not wait for Workers', async () => {
    await queue.run(TABLE, `insert into files_queue (file_path, bucket_id) values ('a', 'b')`);
    const before = await definitions(queue.stack);
    await withSession(queue.url, async ({ client }) => {
      await client.query('begin');
      await client.query(`update files_queue set status = 'processing'`);
      await queue.check();
      await client.query('rollback');
    });
    expect(await definitions(queue.stack)).toEqual(before);
  });
});

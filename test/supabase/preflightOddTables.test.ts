import { migrate } from '../../src/migrations/migrate.ts';
import { preflight } from '../../src/migrations/preflight/preflight.ts';
import { openQueue, TABLE, withSeverity, type PreflightQueue } from '../support/preflight.ts';
import { STATUS_VALUES } from '../support/servers.ts';
import { BUCKET } from '../support/supabase.ts';

/** Statements that make an odd table, the subject of the finding, and what its message must say. */
type Odd = readonly [what: string, ddl: readonly string[], about: string, says: RegExp];

const PLAIN_ID = 'drop constraint files_queue_pkey, drop column id, add column id';
const change = (what: string): string => `alter table files_queue ${what}`;

const BLOCKING: readonly Odd[] = [
  ...['bigint', 'integer', 'smallint', 'uuid', 'text', 'varchar(36)', 'char(40)'].map((type): Odd => [
    `an id that is a primary key of type ${type} without a default`,
    [TABLE, change(`${PLAIN_ID} ${type} primary key`)],
    'not null',
    /^public\.files_queue\.id is not null and has no default/,
  ]),
  [
    'a column of a domain that is not null',
    [
      TABLE,
      'create domain word as text not null',
      change(`add tag word default 'a'`),
      change('alter tag drop default'),
    ],
    'not null',
    /\.tag is not null and has no default/,
  ],
  ...['integer', 'smallint', 'bigint', 'numeric'].map((type): Odd => [
    `processed ${type} with a default, a check and an index that compare it with a number`,
    [
      TABLE,
      change(
        `drop column processed, add column processed ${type} not null default 0 check (processed in (0, 1))`,
      ),
      'create index todo on files_queue (created_at) where processed = 0',
      'create index odd on files_queue ((processed + 1))',
      'create index kept on files_queue (bucket_id) where file_size > 0',
    ],
    'type',
    /processed is .*: legisync needs bool\. .* It drops the checks and indexes/,
  ]),
  [
    'processed as a text',
    [TABLE, change(`drop column processed, add column processed text default 'no'`)],
    'type',
    /text/,
  ],
  [
    'processed as a date',
    [TABLE, change('drop column processed, add column processed timestamptz')],
    'type',
    /bool/,
  ],
  [
    'a date as seconds since 1970',
    [
      TABLE,
      change(
        'drop column created_at, add column created_at bigint not null default extract(epoch from now())',
      ),
    ],
    'type',
    /created_at is bigint/,
  ],
  [
    'a size as a text',
    [TABLE, change(`drop column file_size, add column file_size text default ''`)],
    'type',
    /file_size is text/,
  ],
  [
    'a generated column of the wrong type',
    [TABLE, change('drop column processed, add column processed integer generated always as (1) stored')],
    'generated',
    /processed is a generated column/,
  ],
  ...['file_path', 'bucket_id'].map((column): Odd => [
    `a nondeterministic collation of ${column}`,
    [
      `create collation caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
      TABLE,
      change(`alter ${column} type text collate caseless`),
    ],
    'collation',
    /nondeterministic.*0A000/,
  ]),
  ...['files_queue_guard_delete', 'files_queue_guard_truncate', 'files_queue_keep_requeue'].map(
    (name): Odd => [
      `a trigger of theirs that is named ${name}`,
      [
        TABLE,
        'create function tell() returns trigger language plpgsql as $$ begin return null; end $$',
        `create trigger ${name} after delete on files_queue for each statement execute function tell()`,
      ],
      'trigger',
      new RegExp(`^Trigger ${name} .* has the name of one of its triggers`),
    ],
  ),
  [
    'a table that is partitioned by a date',
    [
      TABLE.replace(' primary key', '').replace(' unique', '') + ' partition by range (created_at)',
      `create table old partition of files_queue for values from (minvalue) to ('2025-01-01')`,
      `create table new partition of files_queue for values from ('2025-01-01') to (maxvalue)`,
      `insert into files_queue (file_path, bucket_id, created_at) values ('a', 'b', '2024-01-01'), ('a', 'b', '2026-01-01')`,
      change('enable row level security'),
    ],
    'partition',
    /is partitioned by RANGE \(created_at\)/,
  ],
  [
    'a table that is partitioned by the path, without the index',
    [
      TABLE.replace(' primary key', '').replace(' unique', '') + ' partition by hash (file_path)',
      'create table part partition of files_queue for values with (modulus 1, remainder 0)',
    ],
    'unique index',
    /while the table cannot be written/,
  ],
  [
    'a deferrable key, and the rest of an interrupted build of another one',
    [
      TABLE,
      change('drop constraint files_queue_file_path_key'),
      change('add constraint files_queue_file_path_key unique (file_path) deferrable'),
      'create unique index files_queue_file_path_legisync on files_queue (file_path)',
      `!update pg_index set indisvalid = false where indexrelid = 'public.files_queue_file_path_legisync'::regclass`,
    ],
    'unique index',
    /no unique index on file_path/,
  ],
  [
    'an invalid unique index on the path',
    [
      TABLE,
      change('drop constraint files_queue_file_path_key'),
      'create unique index broken on files_queue (file_path)',
      `!update pg_index set indisvalid = false where indexrelid = 'public.broken'::regclass`,
    ],
    'unique index',
    /no unique index on file_path/,
  ],
];

const UNFINISHED = (...values: readonly (string | null)[]): string =>
  `insert into files_queue (file_path, bucket_id, status) values ${values
    .map((value, index) => `('${index}', 'b', ${value === null ? 'null' : `'${value}'`})`)
    .join(', ')}`;

/** Warnings whose statements make them vanish. */
const FIXABLE: readonly Odd[] = [
  [
    'rows that wait as PENDING',
    [TABLE, UNFINISHED('PENDING', 'PENDING')],
    'pending',
    /^2 unfinished.* "PENDING", but .*"pending"/,
  ],
  [
    'rows without a status',
    [TABLE, change('alter status drop not null'), UNFINISHED(null)],
    'pending',
    /^1 unfinished row\(s\) .* have no status/,
  ],
  [
    'another default',
    [TABLE, change(`alter status set default 'PENDING'`)],
    'pending',
    /^The default of .* is "PENDING"/,
  ],
  [
    'rights of the public roles without row security',
    [TABLE, 'grant select on files_queue to anon; grant delete on files_queue to authenticated'],
    'row security',
    /the roles anon, authenticated have rights on it/,
  ],
  ...['', ' unique'].map((unique): Odd => [
    `an invalid${unique} index`,
    [
      TABLE,
      `create${unique} index broken on files_queue (created_at, file_path)`,
      `!update pg_index set indisvalid = false where indexrelid = 'public.broken'::regclass`,
    ],
    'index',
    /^Index broken .* is invalid/,
  ]),
  [
    'rows without a path',
    [TABLE, change('alter file_path drop not null'), `insert into files_queue (bucket_id) values ('a')`],
    'null path',
    /^1 row/,
  ],
];

let queue: PreflightQueue;

/** Statements that begin with "!" need the superuser. */
async function make(ddl: readonly string[]): Promise<void> {
  for (const statement of ddl) {
    if (statement.startsWith('!')) await queue.stack.sql(statement.slice(1));
    else await queue.run(statement);
  }
}

const compare = () =>
  queue.stack.supabase.coherence.measure({ bucket: BUCKET, kind: 'full', graceSeconds: 900 });

describe('an odd files_queue', () => {
  beforeEach(async () => {
    queue = await openQueue();
  });
  afterEach(() => queue.stack.close());

  it.each(BLOCKING)(
    'with %s blocks, until its statements ran: then it is migrated, collects and can be compared',
    async (_what, ddl, about, says) => {
      await make(ddl);
      const [first] = withSeverity(await queue.check(), 'blocks');
      expect(first).toMatchObject({ about, message: expect.stringMatching(says) as string });
      await expect(migrate(queue.url, STATUS_VALUES)).rejects.toMatchObject({ code: 'QUEUE_INCOMPATIBLE' });
      await queue.followAdvice();
      await migrate(queue.url, STATUS_VALUES);
      await queue.collectOne();
      await compare();
    },
  );

  it.each(FIXABLE)('with %s is warned of, and its statements fix it', async (_what, ddl, about, says) => {
    await make(ddl);
    const findings = await queue.check();
    expect(withSeverity(findings, 'blocks')).toEqual([]);
    const [warning, ...others] = withSeverity(findings, 'warning');
    expect(others).toEqual([]);
    expect(warning).toMatchObject({ about, message: expect.stringMatching(says) as string });
    await queue.run(...(warning?.sql ?? []));
    expect(withSeverity(await queue.check(), 'warning')).toEqual([]);
    await migrate(queue.url, STATUS_VALUES);
    await queue.collectOne();
    expect(withSeverity(await queue.check(), 'warning')).toEqual([]);
  });

  it('with status values that no setting names is warned of, by the settings that then name them', async () => {
    await make([TABLE, UNFINISHED('skipped', 'skipped', 'OK', 'in progress', 'pending', 'done', 'claimed')]);
    const [warning, ...others] = withSeverity(await queue.check(), 'warning');
    expect(others).toEqual([]);
    expect(warning).toMatchObject({
      about: 'status in use',
      sql: [],
      message: expect.stringMatching(
        /"skipped" \(2\), "OK" \(1\), "in progress" \(1\)\. .*LEGISYNC_STATUS_DONE \(now processed,.*LEGISYNC_STATUS_IN_PROGRESS \(now processing,/,
      ) as string,
    });
    const settings = {
      ...STATUS_VALUES,
      statusDone: [...STATUS_VALUES.statusDone, 'skipped', 'OK'],
      statusInProgress: [...STATUS_VALUES.statusInProgress, 'in progress'],
    };
    expect(withSeverity(await preflight(queue.url, settings), 'warning')).toEqual([]);
    // `processed` says that a row is finished, whatever its status.
    await queue.run('update files_queue set processed = true');
    expect(withSeverity(await queue.check(), 'warning')).toEqual([]);
  });

  it('keeps its values when the type of a column changes', async () => {
    await make([
      TABLE,
      change('drop column processed, add column processed smallint default 0'),
      change('drop column created_at, add column created_at bigint'),
      `insert into files_queue (file_path, bucket_id, processed, created_at) values
         ('a', 'b', 0, 0), ('b', 'b', 1, 86400), ('c', 'b', null, null)`,
    ]);
    await queue.followAdvice();
    const rows = await queue.stack.sql(
      'select processed, extract(epoch from created_at)::integer as seconds from files_queue order by file_path',
    );
    expect(rows.map((row) => ({ ...row }))).toEqual([
      { processed: false, seconds: 0 },
      { processed: true, seconds: 86_400 },
      { processed: null, seconds: null },
    ]);
    expect(
      await queue.stack.sql(
        `insert into files_queue (file_path, bucket_id) values ('d', 'b') returning processed, created_at is null as undated`,
      ),
    ).toEqual([{ processed: false, undated: false }]);
  });

  it('keeps rows, ids and row security when it is made a plain table, and counts on', async () => {
    await make(BLOCKING.find(([, , about]) => about === 'partition')?.[1] ?? []);
    const [first] = withSeverity(await queue.check(), 'blocks');
    await queue.run(...(first?.sql ?? []));
    await queue.run(`insert into files_queue (file_path, bucket_id) values ('b', 'b')`);
    const rows = await queue.stack.sql<{ id: string }>('select id from files_queue order by id');
    expect(rows.map(({ id }) => id)).toEqual(['1', '2', '3']);
    expect(
      await queue.stack.sql(
        `select relkind, relrowsecurity from pg_class where oid = 'public.files_queue'::regclass`,
      ),
    ).toEqual([{ relkind: 'r', relrowsecurity: true }]);
    // Both partitions had a row of the same path. That is reported only now.
    expect(withSeverity(await queue.check(), 'blocks').map(({ about }) => about)).toEqual([
      'duplicates',
      'unique index',
    ]);
  });
});

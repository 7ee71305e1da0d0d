import { migrate } from '../../src/migrations/migrate.ts';
import { openQueue, TABLE, WARNINGS, withSeverity, type PreflightQueue } from '../support/preflight.ts';
import { STATUS_VALUES } from '../support/servers.ts';

/** A change of TABLE, the subject of the blocking finding, and what its message must say. */
const OBSTACLES: readonly (readonly [what: string, ddl: string, about: string, says: RegExp])[] = [
  [
    'a column that has another name',
    'alter table files_queue drop column processed, drop column file_size',
    'column',
    /lacks file_size, processed\./,
  ],
  [
    'a path that is not text',
    'alter table files_queue drop column file_path, add column file_path uuid unique',
    'type',
    /file_path is uuid/,
  ],
  [
    'a path that is too short',
    'alter table files_queue alter file_path type varchar(30)',
    'type',
    /file_path is character varying\(30\): legisync needs 38/,
  ],
  [
    'a status that is a number',
    'alter table files_queue alter status drop default, alter status type integer using 0',
    'type',
    /status is integer: legisync needs text/,
  ],
  [
    'a status that is a domain over an enum, which PostgreSQL cannot compare with a literal',
    `create type word as enum ('pending', 'processing', 'processed', 'failed', 'dangling'); create domain state as word;
     alter table files_queue alter status drop default, alter status type state using status::word`,
    'type',
    /status is state: legisync needs text/,
  ],
  [
    'a column with the name of one of ours and another type',
    'alter table files_queue add content_at integer',
    'type',
    /content_at is integer/,
  ],
  [
    'no unique index',
    'alter table files_queue drop constraint files_queue_file_path_key',
    'unique index',
    /no unique index on file_path alone/,
  ],
  [
    'a unique index that is deferrable',
    `alter table files_queue drop constraint files_queue_file_path_key;
     alter table files_queue add constraint files_queue_file_path_key unique (file_path) deferrable`,
    'unique index',
    /must not be partial or deferrable/,
  ],
  [
    'an enum without our value for new files',
    `alter table files_queue alter status drop default;
     create type queue_status as enum ('new', 'processing', 'processed', 'failed', 'dangling');
     alter table files_queue alter status type queue_status using 'new'`,
    'status',
    /status \(queue_status\) accepts no value for "to be done" \("pending"\)/,
  ],
  [
    'a check without our value for new files',
    `alter table files_queue add constraint words check (status in ('new', 'processing', 'processed', 'failed', 'dangling'))`,
    'status',
    /status \(text, constraint words\) accepts no value for "to be done"/,
  ],
  [
    'a status that is too short',
    'alter table files_queue alter status type varchar(5)',
    'status',
    /accepts no value for "to be done"/,
  ],
  [
    'a column of theirs that must not be null',
    'alter table files_queue add "Priority" integer not null',
    'not null',
    /Priority is not null and has no default/,
  ],
  [
    'a date that must not be null and has no default',
    'alter table files_queue alter created_at drop default',
    'default',
    /created_at is not null and has no default/,
  ],
  [
    'a generated column',
    'alter table files_queue drop column file_size, add column file_size bigint generated always as (length(file_path)) stored',
    'generated',
    /file_size is a generated column/,
  ],
  [
    'a rule on INSERT',
    'create rule once as on insert to files_queue where new.file_path is null do instead nothing',
    'rule',
    /Rule once .*on conflict/,
  ],
  [
    'functions of theirs with our names',
    `create function legisync_claim_files(n integer) returns integer language sql return n;
     create function "legisync_Own"() returns integer language sql return 1`,
    'function',
    /not part of legisync, but whose names begin with "legisync_": public\."legisync_Own"\(\), public\.legisync_claim_files\(n integer\)\./,
  ],
];

let queue: PreflightQueue;

describe('the preflight and the migrations', () => {
  beforeEach(async () => {
    queue = await openQueue();
  });
  afterEach(() => queue.stack.close());

  it('find nothing to do for a plain table, before and after', async () => {
    await queue.run(TABLE);
    for (const _ of ['before', 'after']) {
      expect((await queue.check()).filter(({ severity }) => severity !== 'fine')).toEqual([]);
      await migrate(queue.url, STATUS_VALUES);
    }
  });

  it.each(OBSTACLES)(
    'agree on %s: it blocks until the advice is followed; then documents can be queued',
    async (_what, ddl, about, says) => {
      await queue.run(TABLE, ddl);
      const [first] = withSeverity(await queue.check(), 'blocks');
      expect(first).toMatchObject({ about, message: expect.stringMatching(says) as string });
      expect(first?.sql).not.toEqual([]);
      await expect(migrate(queue.url, STATUS_VALUES)).rejects.toMatchObject({ code: 'QUEUE_INCOMPATIBLE' });
      await queue.followAdvice();
      await migrate(queue.url, STATUS_VALUES);
      await queue.collectOne();
    },
  );

  it('work with a table that has everything that is only a warning', async () => {
    // Two changes concern the same column, so one of them is left out.
    const changes = WARNINGS.filter(([, , , says]) => !String(says).includes('no time zone'));
    await queue.run(TABLE, ...changes.map(([, ddl]) => ddl));
    const warnings = withSeverity(await queue.check(), 'warning').length;
    expect(warnings).toBe(changes.length);
    await migrate(queue.url, STATUS_VALUES);
    await queue.collectOne();
    expect(withSeverity(await queue.check(), 'warning')).toHaveLength(warnings);
  });
});

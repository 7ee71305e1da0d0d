import { documentPath } from '../../src/contract/documents.ts';
import type { Finding, Severity } from '../../src/migrations/preflight/finding.ts';
import { preflight } from '../../src/migrations/preflight/preflight.ts';
import { articleId, batchOf, plantDue, putObject, queueRow } from './queue.ts';
import { STATUS_VALUES } from './servers.ts';
import { asPostgres, withSession } from './sessions.ts';
import { openSupabase, type SupabaseStack } from './supabase.ts';

/** A queue that legisync can use as it is. */
export const TABLE = `create table files_queue (
  id bigint generated always as identity primary key, file_path text not null unique, bucket_id text not null,
  file_size bigint, status text not null default 'pending', processed boolean not null default false,
  created_at timestamptz not null default now())`;

/** A change of the table above, the subject of the warning that follows, and what its message must say. */
export const WARNINGS: readonly (readonly [what: string, ddl: string, about: string, says: RegExp])[] = [
  ['a size of four bytes', 'alter table files_queue alter file_size type integer', 'type', /2 GiB/],
  [
    'a size that must not be null',
    'alter table files_queue alter file_size set not null',
    'not null',
    /recorded no size/,
  ],
  ['dates without a zone', 'alter table files_queue alter created_at type timestamp', 'type', /no time zone/],
  [
    'dates without a default',
    'alter table files_queue alter created_at drop default, alter created_at drop not null',
    'default',
    /legisync_claim_files hands them out last/,
  ],
  [
    'a path that is short',
    'alter table files_queue alter file_path type varchar(60)',
    'type',
    /up to 1024 characters/,
  ],
  [
    'a check that accepts no value for a file that is gone',
    `alter table files_queue add check (status in ('pending', 'processing', 'processed', 'failed'))`,
    'status',
    /"the file is gone" \("dangling"\).*dangling_since/,
  ],
  [
    'a check of other columns',
    'alter table files_queue add constraint sane check (processed or file_size > 0)',
    'check',
    /Constraint sane .*file_size > 0/,
  ],
  [
    'a trigger on each new row',
    `create function tell() returns trigger language plpgsql as $$ begin return new; end $$;
     create trigger tell after insert or update on files_queue for each row execute function tell()`,
    'trigger',
    /Trigger tell \(AFTER INSERT OR UPDATE, for each row: public\.tell\).*1\.4 million times.*must not change status/,
  ],
  [
    'a foreign key on a column that we write',
    `create table words (word text primary key); insert into words values ('pending');
     alter table files_queue add constraint known foreign key (status) references words`,
    'foreign key',
    /Foreign key known: status must be in public\.words/,
  ],
  ['a table that a crash empties', 'alter table files_queue set unlogged', 'kind', /unlogged/],
];

/** A project without legisync, for tests of the preflight. */
export interface PreflightQueue {
  readonly stack: SupabaseStack;
  /** URL of the database for the role that runs the migrations. */
  readonly url: string;
  /** Runs statements as that role. */
  readonly run: (...statements: readonly string[]) => Promise<void>;
  readonly check: () => Promise<readonly Finding[]>;
  /** Follows the advice of all blocking findings, until none blocks. */
  readonly followAdvice: () => Promise<void>;
  /** Collects one document and expects its row in the queue. The migrations must be applied. */
  readonly collectOne: () => Promise<void>;
}

export const withSeverity = (findings: readonly Finding[], severity: Severity): readonly Finding[] =>
  findings.filter((finding) => finding.severity === severity);

/** Opens a stack of its own. The caller closes it. */
export async function openQueue(): Promise<PreflightQueue> {
  const stack = await openSupabase({ bare: true });
  const url = asPostgres(stack.databaseUrl);
  const run = (...statements: readonly string[]) =>
    withSession(url, async ({ client }) => {
      for (const statement of statements) await client.query(statement);
    });
  const check = () => preflight(url, STATUS_VALUES);
  return {
    stack,
    url,
    run,
    check,
    async followAdvice() {
      // A statement may need an earlier one, e.g. an index its column. More than three rounds is a bug.
      for (let round = 0; round < 3; round += 1) {
        for (const { sql } of withSeverity(await check(), 'blocks')) await run(...sql);
      }
      expect(withSeverity(await check(), 'blocks')).toEqual([]);
    },
    async collectOne() {
      const id = articleId(1);
      await plantDue(stack, 'codes', [id]);
      await stack.supabase.catalogue.takeDocuments(batchOf('codes', 1), 1);
      await putObject(stack, documentPath('codes', id), 'text');
      expect(await stack.supabase.catalogue.enqueue(batchOf('codes', 1), [id], [])).toMatchObject({
        queued: 1,
      });
      expect(await queueRow(stack, documentPath('codes', id))).toMatchObject({ status: 'pending' });
    },
  };
}

import { createHash } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool, type QueryResultRow } from 'pg';
import { bootstrapSupabase } from '../../../local/postgres/bootstrap.ts';
import { removeDataDir } from '../../../local/postgres/dataDir.ts';
import { startPostgres } from '../../../local/postgres/server.ts';
import { migrate } from '../../../src/migrations/migrate.ts';
import { STATUS_VALUES } from '../../support/servers.ts';
import { asPostgres } from '../../support/sessions.ts';

export const BUCKET = 'race';
export const CATEGORY = 'codes';
export const DOCUMENTS = 120;

/** A database of its own, and what the actors leave in it. */
export interface World {
  readonly url: string;
  /** Runs SQL past the actors: the log, the checks, the kills. */
  readonly sql: <T extends QueryResultRow>(text: string, values?: readonly unknown[]) => Promise<T[]>;
  readonly close: () => Promise<void>;
}

/** Starts a PostgreSQL with our migrations, a bucket, and tables for what is uploaded, read and finished. */
export async function openWorld(): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'legisync-race-'));
  // As root, PostgreSQL runs as a user of its own.
  await chmod(folder, 0o755);
  const dataDir = join(folder, 'postgres');
  const postgres = await startPostgres({ dataDir, flags: { fsync: 'off', deadlock_timeout: '200ms' } });
  await bootstrapSupabase(postgres.url);
  await migrate(asPostgres(postgres.url), { ...STATUS_VALUES, claimAttempts: 100 });
  const pool = new Pool({ connectionString: postgres.url, max: 4 });
  pool.on('error', () => undefined);
  const sql = async <T extends QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<T[]> =>
    (await pool.query<T>(text, [...values])).rows;
  await sql(`
    insert into storage.buckets (id, name) values ('${BUCKET}', '${BUCKET}');
    -- What a Worker read, of what date that was, and when; written down if it finished the file, or may have.
    create table public.finished (path text not null, written timestamptz not null, read_at timestamptz not null,
                                  worker text not null);
    create index on public.finished (path, written);
    -- Each row that became processed, and the date of the content that it stood for.
    create table public.became_processed (path text not null, content_at timestamptz, at timestamptz not null);
    create function public.note_processed() returns trigger language plpgsql security definer set search_path = '' as $$
      begin
        insert into public.became_processed values (new.file_path, new.content_at, clock_timestamp());
        return null;
      end $$;
    create trigger note_processed after update on public.files_queue for each row
      when (new.processed and not old.processed) execute function public.note_processed();
    -- A column of the team's own: see the pollers.
    alter table public.files_queue add column signed_by text`);
  return {
    url: postgres.url,
    sql,
    async close() {
      await pool.end();
      await postgres.stop();
      await removeDataDir(dataDir);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const idOf = (n: number): string => `LEGIARTI${String(n).padStart(12, '0')}`;
/** The id of the document that a path is of. */
export const idIn = (path: string): string => path.slice(-25, -5);
export const pathOf = (id: string): string => `legifrance/${CATEGORY}/${id}.json`;

/** Draws numbers: the same ones from the same seed and name. */
export class Dice {
  readonly #seed: string;
  #drawn = 0;

  constructor(seed: string) {
    this.#seed = seed;
  }

  /** A whole number from 0 to `sides - 1`. */
  roll(sides: number): number {
    this.#drawn += 1;
    return createHash('sha256').update(`${this.#seed} ${this.#drawn}`).digest().readUInt32BE() % sides;
  }

  pick<T>(...choices: readonly [T, ...T[]]): T {
    return choices[this.roll(choices.length)] ?? choices[0];
  }
}

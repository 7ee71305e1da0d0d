import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient } from '@supabase/supabase-js';
import type { SupabaseClient } from '@supabase/supabase-js';
import { Client } from 'pg';
import {
  bootstrapSupabase,
  createDatabaseFromTemplate,
  dropDatabase,
  ensureTemplate,
} from '../../local/postgres/bootstrap.ts';
import { removeDataDir } from '../../local/postgres/dataDir.ts';
import { startPostgres } from '../../local/postgres/server.ts';
import { createGateway } from '../../local/supabase/gateway.ts';
import type { Gateway } from '../../local/supabase/gateway.ts';
import { openFolder } from './postgresFolder.ts';

export const JWT_SECRET = 'a secret of this test run, long enough';

export interface GatewayHarness {
  readonly gateway: Gateway;
  /** As superuser, in the gateway's database. */
  readonly sql: Client;
  readonly databaseUrl: string;
  readonly folder: string;
  /** supabase-js with this key; by default the service key. */
  client(key?: string): SupabaseClient;
  /** Repeats `sql` until it returns `done` = true; fails after 1,000 attempts. */
  until(sql: string): Promise<void>;
  /** Another gateway on the same database and files. */
  another(): Promise<Gateway>;
  close(): Promise<void>;
}

/** A real PostgreSQL with a bootstrapped database, and a gateway for it, for one test file. */
export async function openGateway(): Promise<GatewayHarness> {
  const folder = await openFolder();
  const dataDir = join(folder, 'postgres');
  const postgres = await startPostgres({ dataDir, flags: { fsync: 'off' } });
  await ensureTemplate(postgres.url, 'supabase_template', bootstrapSupabase);
  const databaseUrl = await createDatabaseFromTemplate(postgres.url, 'gateway_test', 'supabase_template');
  const another = (): Promise<Gateway> =>
    createGateway({ databaseUrl, storageDir: join(folder, 'files'), jwtSecret: JWT_SECRET });
  const gateway = await another();
  const sql = new Client({ connectionString: databaseUrl });
  await sql.connect();
  return {
    gateway,
    sql,
    databaseUrl,
    folder,
    another,
    async until(text) {
      // The database waits between two attempts; each needs a new snapshot of the other sessions.
      for (let tries = 0; tries < 1_000; tries += 1) {
        const { rows } = await sql.query<{ done: boolean }>(text);
        if (rows[0]?.done === true) return;
        await sql.query('select pg_sleep(0.01), pg_stat_clear_snapshot()');
      }
      throw new Error(`Not true after 1,000 attempts: ${text}`);
    },
    client: (key = gateway.serviceKey) => createClient(gateway.url, key, { auth: { persistSession: false } }),
    async close() {
      await sql.end();
      await gateway.close();
      await dropDatabase(postgres.url, 'gateway_test');
      await postgres.stop();
      await removeDataDir(dataDir);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

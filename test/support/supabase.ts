import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type QueryResultRow } from 'pg';
import { createDatabaseFromTemplate, dropDatabase } from '../../local/postgres/bootstrap.ts';
import { createGateway, type Gateway } from '../../local/supabase/gateway.ts';
import { createSupabase, type Supabase } from '../../src/supabase/index.ts';
import { serverSetting, TEMPLATES } from './servers.ts';

/** The default bucket. */
export const BUCKET = 'agentbasic-legifrance-raw';

/** Signs the keys of every gateway of the tests, and JWTs of users. */
export const JWT_SECRET = 'a secret of this test run, long enough';

export interface SupabaseOptions {
  /** Without our migrations. */
  readonly bare?: boolean | undefined;
}

/** A database of one test file's own, with the gateway in front of it. */
export interface SupabaseStack {
  readonly gateway: Gateway;
  readonly supabase: Supabase;
  /** The superuser's URL of this file's database. */
  readonly databaseUrl: string;
  /** Runs SQL as the superuser. */
  readonly sql: <T extends QueryResultRow>(text: string, values?: readonly unknown[]) => Promise<T[]>;
  readonly close: () => Promise<void>;
}

export async function openSupabase(options: SupabaseOptions = {}): Promise<SupabaseStack> {
  const adminUrl = serverSetting('postgres');
  const database = `test_${randomUUID().replaceAll('-', '')}`;
  const template = options.bare === true ? TEMPLATES.bare : TEMPLATES.migrated;
  const databaseUrl = await createDatabaseFromTemplate(adminUrl, database, template);
  const folder = await mkdtemp(join(tmpdir(), 'legisync-stack-'));
  const gateway = await createGateway({ databaseUrl, storageDir: folder, jwtSecret: JWT_SECRET });
  const supabase = createSupabase({ url: gateway.url, key: () => gateway.serviceKey, bucket: BUCKET });
  await supabase.storage.ensureBucket();
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  return {
    gateway,
    supabase,
    databaseUrl,
    async sql<T extends QueryResultRow>(text: string, values: readonly unknown[] = []) {
      return (await client.query<T>(text, [...values])).rows;
    },
    async close() {
      await client.end();
      await gateway.close();
      await dropDatabase(adminUrl, database);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

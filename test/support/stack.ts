import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type QueryResultRow } from 'pg';
import { createSimulator, type Simulator } from '../../local/legifrance/simulator.ts';
import type { SimulatorOptions } from '../../local/legifrance/options.ts';
import { createDatabaseFromTemplate, dropDatabase } from '../../local/postgres/bootstrap.ts';
import { createGateway, type Gateway } from '../../local/supabase/gateway.ts';
import type { ActivityDeps, ActivitySettings } from '../../src/activities/deps.ts';
import type { Collection } from '../../src/contract/collections.ts';
import { createLegifrance, type LegifranceClient } from '../../src/legifrance/client.ts';
import { createProcessQuota } from '../../src/legifrance/quota/quota.ts';
import { createSupabase, type Supabase } from '../../src/supabase/index.ts';
import { serverSetting, TEMPLATES } from './servers.ts';

/** The smallest real code (474 articles), and the default bucket. */
export const CRPA = 'LEGITEXT000031366350';
export const BUCKET = 'agentbasic-legifrance-raw';

/** Signs the keys of every gateway of the tests, and JWTs of users. */
export const JWT_SECRET = 'a secret of this test run, long enough';

const CLIENT = { clientId: 'test', clientSecret: 'canary-piste-secret' } as const;

export interface StackOptions {
  /** Of the simulator; by default CRPA alone, at 500 requests a second. */
  readonly legifrance?: SimulatorOptions;
  readonly collections?: readonly Collection[];
  readonly settings?: Partial<ActivitySettings>;
  /** Without our migrations. */
  readonly bare?: boolean;
}

/** Everything outside of Temporal, real and on loopback, for one test file. */
export interface TestStack {
  readonly simulator: Simulator;
  readonly gateway: Gateway;
  readonly supabase: Supabase;
  readonly legifrance: LegifranceClient;
  readonly deps: ActivityDeps;
  /** The superuser's URL of this file's database. */
  readonly databaseUrl: string;
  /** Runs SQL as the superuser. */
  readonly sql: <T extends QueryResultRow>(text: string, values?: readonly unknown[]) => Promise<T[]>;
  /** The environment of a worker process on this stack. */
  readonly env: (more?: Readonly<Record<string, string>>) => Record<string, string>;
  readonly close: () => Promise<void>;
}

/** A collection `codes` of CRPA, and `urbanisme` of searches. */
const COLLECTIONS: readonly Collection[] = [
  { name: 'codes', sources: [{ kind: 'codes', name: 'codes', codes: [CRPA] }] },
  {
    name: 'urbanisme',
    sources: [
      { kind: 'search', name: 'codes', fond: 'CODE_DATE', query: 'urbanisme' },
      { kind: 'search', name: 'decisions', fond: 'CETAT', query: 'urbanisme' },
    ],
  },
];

export async function openStack(options: StackOptions = {}): Promise<TestStack> {
  const adminUrl = serverSetting('postgres');
  const database = `test_${randomUUID().replaceAll('-', '')}`;
  const template = options.bare === true ? TEMPLATES.bare : TEMPLATES.migrated;
  const databaseUrl = await createDatabaseFromTemplate(adminUrl, database, template);
  const folder = await mkdtemp(join(tmpdir(), 'legisync-stack-'));
  const gateway = await createGateway({
    databaseUrl,
    storageDir: folder,
    jwtSecret: JWT_SECRET,
  });
  const simulator = await createSimulator({ codes: [CRPA], rate: 500, ...CLIENT, ...options.legifrance });
  const supabase = createSupabase({ url: gateway.url, key: () => gateway.serviceKey, bucket: BUCKET });
  await supabase.storage.ensureBucket();
  const legifrance = createLegifrance({
    apiUrl: simulator.apiUrl,
    tokenUrl: simulator.tokenUrl,
    clientId: CLIENT.clientId,
    clientSecret: () => CLIENT.clientSecret,
    quota: createProcessQuota({ perSecond: 500, perHour: 1_000_000, perDay: 10_000_000, pacing: 'burst' }),
  });
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  const collections = options.collections ?? COLLECTIONS;
  const silent = () => undefined;

  return {
    simulator,
    gateway,
    supabase,
    legifrance,
    databaseUrl,
    deps: {
      legifrance,
      ...supabase,
      collections: new Map(collections.map((collection) => [collection.name, collection])),
      settings: {
        consultConcurrency: 10,
        passIntervalSeconds: 3_600,
        adopt: 'trust',
        maintenancePageSize: 50,
        maintenanceSinceDays: 30,
        ...options.settings,
      },
      draining: new AbortController().signal,
      now: () => new Date(),
      log: { debug: silent, info: silent, warn: silent },
    },
    async sql<T extends QueryResultRow>(text: string, values: readonly unknown[] = []) {
      return (await client.query<T>(text, [...values])).rows;
    },
    env: (more = {}) => ({
      PATH: process.env['PATH'] ?? '',
      PISTE_CLIENT_ID: CLIENT.clientId,
      PISTE_CLIENT_SECRET: CLIENT.clientSecret,
      LEGIFRANCE_API_URL: simulator.apiUrl,
      LEGIFRANCE_TOKEN_URL: simulator.tokenUrl,
      SUPABASE_URL: gateway.url,
      SUPABASE_SERVICE_ROLE_KEY: gateway.serviceKey,
      TEMPORAL_ADDRESS: serverSetting('temporal'),
      LEGISYNC_QUOTA_PER_SECOND: '500',
      LEGISYNC_QUOTA_PER_HOUR: '1000000',
      LEGISYNC_QUOTA_PER_DAY: '10000000',
      LEGISYNC_QUOTA_PACING: 'burst',
      ...more,
    }),
    async close() {
      await client.end();
      await legifrance.close();
      await simulator.close();
      await gateway.close();
      await dropDatabase(adminUrl, database);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

import { createSimulator, type Simulator } from '../../local/legifrance/simulator.ts';
import type { SimulatorOptions } from '../../local/legifrance/options.ts';
import type { ActivityDeps, ActivitySettings } from '../../src/activities/deps.ts';
import type { Collection } from '../../src/contract/collections.ts';
import { createLegifrance, type LegifranceClient } from '../../src/legifrance/client.ts';
import { createProcessQuota } from '../../src/legifrance/quota/quota.ts';
import { serverSetting } from './servers.ts';
import { openSupabase, type SupabaseOptions, type SupabaseStack } from './supabase.ts';

/** The smallest real code: 474 articles. */
export const CRPA = 'LEGITEXT000031366350';

const CLIENT = { clientId: 'test', clientSecret: 'canary-piste-secret' } as const;

export interface StackOptions extends SupabaseOptions {
  /** Options of the simulator. By default it has CRPA alone, and allows 500 requests a second. */
  readonly legifrance?: SimulatorOptions;
  readonly collections?: readonly Collection[];
  readonly settings?: Partial<ActivitySettings>;
}

/** Supabase, Légifrance, and the activities' dependencies on both, for one test file. */
export interface TestStack extends SupabaseStack {
  readonly simulator: Simulator;
  readonly legifrance: LegifranceClient;
  readonly deps: ActivityDeps;
  /** The environment of a worker process on this stack. */
  readonly env: (more?: Readonly<Record<string, string>>) => Record<string, string>;
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
  const database = await openSupabase({ bare: options.bare });
  const { gateway, supabase } = database;
  const simulator = await createSimulator({ codes: [CRPA], rate: 500, ...CLIENT, ...options.legifrance });
  const legifrance = createLegifrance({
    apiUrl: simulator.apiUrl,
    tokenUrl: simulator.tokenUrl,
    clientId: CLIENT.clientId,
    clientSecret: () => CLIENT.clientSecret,
    quota: createProcessQuota({ perSecond: 500, perHour: 1_000_000, perDay: 10_000_000, pacing: 'burst' }),
  });
  const collections = options.collections ?? COLLECTIONS;
  const silent = () => undefined;

  return {
    ...database,
    simulator,
    legifrance,
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
      await legifrance.close();
      await simulator.close();
      await database.close();
    },
  };
}

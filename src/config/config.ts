import type { Collection } from '../contract/collections.ts';
import type { AdoptPolicy } from '../supabase/types.ts';
import type { Secret } from './secret.ts';

/** The parts that only some commands need; without their settings they are absent. */
export interface ConfigParts {
  readonly legifrance: {
    readonly clientId: string;
    readonly clientSecret: Secret;
    readonly apiUrl: string;
    readonly tokenUrl: string;
  };
  readonly supabase: { readonly url: string; readonly serviceRoleKey: Secret };
  /** Only for `legisync migrate`. */
  readonly database: { readonly url: Secret };
}

export type Need = keyof ConfigParts;

/** What every command has. Units are in the names; bounds and meanings in `schema.ts`. */
export interface BaseConfig {
  readonly bucket: string;
  readonly taskQueue: string;
  readonly temporal: { readonly environment: Secret<Readonly<Record<string, string>>> };
  readonly collections: readonly Collection[];
  readonly collecting: { readonly adopt: AdoptPolicy; readonly consultConcurrency: number };
  readonly massive: {
    readonly collections: readonly string[];
    readonly lanes: number;
    readonly passIntervalSeconds: number;
  };
  readonly maintenance: {
    readonly collections: readonly string[];
    readonly cron: string;
    readonly timezone: string;
    readonly limit: number;
    readonly pageSize: number;
    readonly sinceDays: number;
  };
  readonly quota: {
    readonly perSecond: number;
    readonly perHour: number;
    readonly perDay: number;
    readonly reservePercent: number;
    readonly pacing: 'smooth' | 'burst';
  };
  readonly statuses: {
    readonly done: readonly string[];
    readonly inProgress: readonly string[];
    readonly failed: readonly string[];
  };
  readonly claims: { readonly attempts: number };
  readonly guard: { readonly maxDeletePercent: number };
  readonly backfill: { readonly chunk: number };
  readonly coherence: {
    readonly cron: string;
    readonly graceSeconds: number;
    readonly missingLimit: number;
    readonly gapPercent: number;
  };
  readonly worker: { readonly shutdownGraceSeconds: number; readonly metricsAddress?: string | undefined };
  readonly log: { readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent' };
}

/** The whole configuration; the parts in `N` are certainly there. */
export type Config<N extends Need = never> = BaseConfig & Pick<ConfigParts, N> & Partial<ConfigParts>;

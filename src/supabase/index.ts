import { createClient } from '@supabase/supabase-js';
import { SUPABASE_REQUEST_MS } from '../contract/timing.ts';
import { hideSecrets } from '../contract/knownSecrets.ts';
import { createBackfill, type Backfill } from './backfill.ts';
import { createCatalogue } from './catalogue.ts';
import { createClaims, type Claims } from './claims.ts';
import { createCoherence, type Coherence } from './coherence.ts';
import { createRpc } from './rpc.ts';
import { createStorage } from './storage.ts';
import type { Catalogue, Storage } from './types.ts';
import { connectionError } from './unreachable.ts';

export interface SupabaseOptions {
  /** Project URL, such as `https://abc.supabase.co`. */
  readonly url: string;
  /** Reveals the service key: a JWT or `sb_secret_…`. */
  readonly key: () => string;
  readonly bucket: string;
  /**
   * Deadline of one HTTP request, in milliseconds. Default 40,000: the longest statement timeout of
   * a function is 30 s.
   */
  readonly requestTimeoutMs?: number;
  /** Aborts all requests. */
  readonly signal?: AbortSignal;
}

export interface Supabase {
  readonly storage: Storage;
  readonly catalogue: Catalogue;
  readonly backfill: Backfill;
  readonly coherence: Coherence;
  readonly claims: Claims;
}

/** A Supabase project, over HTTP with the service key. It holds nothing that must be closed. */
export function createSupabase(options: SupabaseOptions): Supabase {
  const timeoutMs = options.requestTimeoutMs ?? SUPABASE_REQUEST_MS;
  const client = createClient(options.url, options.key(), {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    global: {
      fetch: async (input, init) => {
        const signals = [AbortSignal.timeout(timeoutMs), init?.signal, options.signal];
        const signal = AbortSignal.any(signals.filter((one) => one instanceof AbortSignal));
        try {
          return await fetch(input, { ...init, signal });
        } catch (error) {
          throw connectionError(error, new URL(options.url).host);
        }
      },
    },
  });
  const hide = hideSecrets([options.key()]);
  const rpc = createRpc(client, hide);
  return {
    storage: createStorage(client, options.bucket, hide),
    catalogue: createCatalogue(rpc, options.bucket),
    backfill: createBackfill(rpc),
    coherence: createCoherence(rpc),
    claims: createClaims(rpc),
  };
}

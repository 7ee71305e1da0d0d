import { z } from 'zod';
import type { Rpc } from './rpc.ts';

/** The claims of the team's Workers. They call the other functions of claims themselves. */
export interface Claims {
  /**
   * Ends expired leases and waits before another attempt, up to a thousand. Returns how many files
   * are pending again or given up. It may be repeated.
   */
  expire(): Promise<number>;
}

const expired = z.object({ ended: z.int().nonnegative() });

/** Throws `LegisyncError`. */
export function createClaims(rpc: Rpc): Claims {
  return {
    expire: async () => (await rpc('legisync_expire_claims', {}, expired)).ended,
  };
}

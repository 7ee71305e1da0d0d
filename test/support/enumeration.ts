import type { PassState, RegisteredPage, Slice, PageAction } from '../../src/supabase/types.ts';
import { articleId, batchOf } from './queue.ts';
import type { SupabaseStack } from './supabase.ts';

/** The interval between two passes, in seconds. */
export const HOUR = 3_600;
const LEASE_SECONDS = 120;

/**
 * One page of a listing; by default the slice's next page, which is all of the listing, read by
 * lane 1.
 */
interface Page {
  readonly lane?: number;
  readonly page?: number;
  readonly action?: PageAction;
  readonly revision?: string;
}

interface Enumeration {
  readonly open: (sources?: readonly string[]) => Promise<PassState>;
  /** The slice that `lane` gets. */
  readonly lease: (lane?: number, pass?: number) => Promise<Slice>;
  readonly leaseOrNull: (lane?: number, pass?: number) => Promise<Slice | null>;
  readonly register: (slice: Slice, listed: readonly string[], page?: Page) => Promise<RegisteredPage>;
  /** Sets the end of the last pass back by its interval. */
  readonly anIntervalPasses: () => Promise<void>;
}

/** Calls on the collection `codes`, as its lanes make them. The stack may be opened later. */
export function enumerationOf(stack: () => SupabaseStack): Enumeration {
  const leaseOrNull = (lane = 1, pass = 1) =>
    stack().supabase.catalogue.leaseSlice(batchOf('codes', lane), pass, LEASE_SECONDS);
  return {
    open: (sources = ['codes']) => stack().supabase.catalogue.openPass('codes', sources, HOUR),
    leaseOrNull,
    async lease(lane, pass) {
      const slice = await leaseOrNull(lane, pass);
      if (slice === null) throw new Error('No slice is free.');
      return slice;
    },
    register: (slice, listed, { lane = 1, page = slice.page, action = 'whole', revision = 'r1' } = {}) =>
      stack().supabase.catalogue.registerSlice(
        batchOf('codes', lane),
        slice,
        { page, action, documents: listed.map((id) => ({ id, revision })) },
        LEASE_SECONDS,
        'trust',
      ),
    async anIntervalPasses() {
      await stack().sql(`update legisync.passes set completed_at = completed_at - interval '1 hour'`);
    },
  };
}

/** `count` well-formed ids in order. */
export const idRange = (count: number, from = 1): string[] =>
  Array.from({ length: count }, (_, index) => articleId(from + index));

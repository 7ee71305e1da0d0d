import type { PassState, Slice } from '../../src/supabase/types.ts';
import { articleId, batchOf } from './queue.ts';
import type { TestStack } from './stack.ts';

/** The interval between two passes, in seconds. */
export const HOUR = 3_600;
const LEASE_SECONDS = 120;

/** One step of a slice's enumeration; by default, the end of an atomic one. */
interface Step {
  readonly page?: number;
  readonly end?: boolean;
  readonly single?: boolean;
  readonly release?: boolean;
}

interface Enumeration {
  readonly open: (sources?: readonly string[]) => Promise<PassState>;
  /** The slice that lane `sequence` gets. */
  readonly claim: (sequence?: number, pass?: number) => Promise<Slice>;
  readonly claimOrNull: (sequence?: number, pass?: number) => Promise<Slice | null>;
  readonly register: (
    slice: Slice,
    listed: readonly string[],
    step?: Step,
    revision?: string,
  ) => Promise<{ readonly discovered: number; readonly complete: boolean }>;
  /** Sets the end of the last pass back by its interval. */
  readonly anIntervalPasses: () => Promise<void>;
}

/** Calls on the collection `codes`, as its lanes make them. The stack may be opened later. */
export function enumerationOf(stack: () => TestStack): Enumeration {
  const claimOrNull = (sequence = 1, pass = 1) =>
    stack().supabase.catalogue.claimSlice(batchOf('codes', sequence), pass, LEASE_SECONDS);
  return {
    open: (sources = ['codes']) => stack().supabase.catalogue.openPass('codes', sources, HOUR),
    claimOrNull,
    async claim(sequence, pass) {
      const slice = await claimOrNull(sequence, pass);
      if (slice === null) throw new Error('No slice is free.');
      return slice;
    },
    register: (slice, listed, step = {}, revision = 'r1') =>
      stack().supabase.catalogue.registerSlice(
        slice,
        listed.map((id) => ({ id, revision })),
        { page: 2, end: true, single: true, release: true, ...step },
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

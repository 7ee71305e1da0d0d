import type { RegisteredPage, Slice, SliceKey, PageAction } from '../../src/supabase/types.ts';
import { batchOf } from './queue.ts';
import type { SupabaseStack } from './supabase.ts';

const LEASE_SECONDS = 120;
const INTERVAL_SECONDS = 3_600;
const BATCH = batchOf('codes', 1);

/** A part of a source, and the ids that it lists. */
export interface Part {
  readonly key: SliceKey;
  readonly ids: readonly string[];
}

export const code = (name: string, ids: readonly string[]): Part => ({
  key: { kind: 'code', code: name },
  ids,
});
export const year = (number: number, ids: readonly string[]): Part => ({
  key: { kind: 'window', from: `${number}-01-01`, to: `${number}-12-31` },
  ids,
});

/**
 * The passes of the collection `codes`, one after the other. The test decides the order of the
 * calls.
 */
export interface Passes {
  /** Begins the next pass, with each source split into its parts. */
  readonly begin: (sources: Readonly<Record<string, readonly Part[]>>) => Promise<void>;
  /** Reads all of a part: a table of contents in one answer, a window in two rounds. */
  readonly read: (part: Part, revision?: string) => Promise<void>;
  /** The slice of a part. */
  readonly lease: (key: SliceKey) => Promise<Slice>;
  /** Registers the next page of a slice. */
  readonly register: (
    slice: Slice,
    ids: readonly string[],
    action: PageAction,
    revision?: string,
  ) => Promise<RegisteredPage>;
  readonly park: (part: Part) => Promise<void>;
  /** Marks due documents as stored, completes the pass, and ends its interval. */
  readonly end: () => Promise<void>;
  /** All of these in one: every part is read, in order. */
  readonly whole: (sources: Readonly<Record<string, readonly Part[]>>, revision?: string) => Promise<void>;
}

export function passesOf(stack: () => SupabaseStack): Passes {
  let pass = 0;
  let names: readonly string[] = [];
  const catalogue = () => stack().supabase.catalogue;

  async function leaseNext(): Promise<Slice> {
    const slice = await catalogue().leaseSlice(BATCH, pass, LEASE_SECONDS);
    if (slice === null) throw new Error('No slice is free.');
    return slice;
  }

  const passes: Passes = {
    async begin(sources) {
      names = Object.keys(sources);
      ({ pass } = await catalogue().openPass('codes', names, INTERVAL_SECONDS));
      for (const parts of Object.values(sources)) {
        await catalogue().splitSlice(
          BATCH,
          await leaseNext(),
          parts.map(({ key }) => key),
        );
      }
    },
    async lease(key) {
      const delay = (wait: string) =>
        stack().sql(
          `update legisync.slices set next_attempt_at = now() + $3::interval
           where pass = $1 and coalesce(code_id, window_from::text) is distinct from $2`,
          [pass, key.kind === 'code' ? key.code : key.kind === 'window' ? key.from : null, wait],
        );
      await delay('1 hour');
      const slice = await leaseNext();
      await delay('0');
      return slice;
    },
    register: (slice, ids, action, revision = 'r1') =>
      catalogue().registerSlice(
        BATCH,
        slice,
        { page: slice.page, action, documents: ids.map((id) => ({ id, revision })) },
        LEASE_SECONDS,
        'trust',
      ),
    async read({ key, ids }, revision) {
      const isCode = key.kind === 'code';
      for (const _ of isCode ? ['once'] : ['first round', 'second round']) {
        await passes.register(await passes.lease(key), ids, isCode ? 'whole' : 'round', revision);
      }
    },
    async park({ key }) {
      const reason = { code: 'LEGIFRANCE_REJECTED', message: 'x' };
      await catalogue().parkSlice(BATCH, await passes.lease(key), reason);
    },
    async end() {
      await stack().sql(
        `update legisync.documents set state = 'stored', stored_at = now(), next_attempt_at = null
         where state = 'discovered'`,
      );
      expect(await catalogue().openPass('codes', names, INTERVAL_SECONDS)).toMatchObject({
        pass,
        complete: true,
      });
      await stack().sql(`update legisync.passes set completed_at = completed_at - interval '1 hour'`);
    },
    async whole(sources, revision) {
      await passes.begin(sources);
      for (const part of Object.values(sources).flat()) await passes.read(part, revision);
      await passes.end();
    },
  };
  return passes;
}

import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createActivities } from '../../src/activities/index.ts';
import type { ActivityDeps } from '../../src/activities/deps.ts';
import type { Collection, Source } from '../../src/contract/collections.ts';
import { LegisyncError } from '../../src/contract/failures.ts';
import type {
  BatchRef,
  EnqueueResult,
  FetchInput,
  FetchResult,
  UploadInput,
  UploadResult,
} from '../../src/contract/collecting.ts';
import { createLegifrance, type LegifranceClient } from '../../src/legifrance/client.ts';
import { createProcessQuota, type ProcessQuotaOptions } from '../../src/legifrance/quota/quota.ts';
import type { Legifrance } from '../../src/legifrance/types.ts';
import type { Catalogue } from '../../src/supabase/types.ts';
import { BUCKET, type TestStack } from '../support/stack.ts';

/** Batches of one pass at most: a test that needs more goes round in circles. */
const MAX_BATCHES = 200;

export function batchOf(collection: string, sequence = 1, run = 'run'): BatchRef {
  return { collection, workflow: `massive:${collection}`, run, sequence };
}

/** The ids of a synthetic code's articles `from` to `to`, both included, as the simulator makes them. */
export function articleIds(code: string, from: number, to: number): string[] {
  return Array.from(
    { length: to - from + 1 },
    (_, n) => `LEGIARTI${code.slice(-6)}${String(from + n).padStart(6, '0')}`,
  );
}

/** `deps` with one collection more. */
export function withCollection(deps: ActivityDeps, name: string, sources: readonly Source[]): ActivityDeps {
  const collections = new Map<string, Collection>([...deps.collections, [name, { name, sources }]]);
  return { ...deps, collections };
}

/**
 * `deps` of a batch that holds whatever it is asked for: for documents that no enumeration has
 * listed.
 */
export function holding(deps: ActivityDeps): ActivityDeps {
  const catalogue: Catalogue = {
    ...deps.catalogue,
    describe: async (batch, ids) =>
      (await deps.catalogue.describe(batch, ids)).map((standing) => ({ ...standing, held: true })),
  };
  return { ...deps, catalogue };
}

/** An activity's environment that keeps the last heartbeat. */
export class Attempt {
  readonly env: MockActivityEnvironment;
  lastBeat: unknown;

  constructor(heartbeatDetails?: unknown, attempt = 1) {
    // The SDK warns of each failed attempt, and many here are meant to fail.
    this.env = new MockActivityEnvironment(
      { heartbeatDetails, attempt },
      { logger: new DefaultLogger('ERROR') },
    );
    this.env.on('heartbeat', (details: unknown) => {
      // As the server keeps it: what is not JSON would be lost.
      this.lastBeat = JSON.parse(JSON.stringify(details));
    });
  }

  fetch(deps: ActivityDeps, input: FetchInput): Promise<FetchResult> {
    return this.env.run(() => createActivities(deps).fetchDocuments(input));
  }

  upload(deps: ActivityDeps, input: UploadInput): Promise<UploadResult> {
    return this.env.run(() => createActivities(deps).uploadDocuments(input));
  }
}

export function fetchMassive(deps: ActivityDeps, batch: BatchRef, limit = 100): Promise<FetchResult> {
  return new Attempt().fetch(deps, { batch, limit, mode: 'massive' });
}

export function upload(deps: ActivityDeps, batch: BatchRef, ids: readonly string[]): Promise<UploadResult> {
  return new Attempt().upload(deps, { batch, mode: 'massive', ids });
}

/** The end of a batch, as the workflows do it. */
export function enqueue(deps: ActivityDeps, batch: BatchRef, result: UploadResult): Promise<EnqueueResult> {
  const stored = [...result.uploaded, ...result.unchanged];
  const input = { batch, stored, failures: result.failures };
  return new Attempt().env.run(() => createActivities(deps).enqueueDocuments(input));
}

/** One lane, from `sequence` on, until there is nothing to do; what it found, in the order of its batches. */
export async function workOff(
  deps: ActivityDeps,
  collection: string,
  sequence = 1,
): Promise<{ ids: string[]; discovered: number; last: FetchResult }> {
  const ids: string[] = [];
  let discovered = 0;
  for (let n = sequence; n < sequence + MAX_BATCHES; n += 1) {
    const batch = batchOf(collection, n);
    const fetched = await fetchMassive(deps, batch);
    discovered += fetched.discovered;
    if (fetched.ids.length === 0) return { ids, discovered, last: fetched };
    ids.push(...fetched.ids);
    await enqueue(deps, batch, await upload(deps, batch, fetched.ids));
  }
  throw new Error(`${MAX_BATCHES} batches of ${collection} did not end its pass.`);
}

/** Lets the next pass of a collection begin now. */
export async function endInterval(stack: TestStack, collection: string): Promise<void> {
  const text = `update legisync.passes set completed_at = completed_at - interval '1 day' where collection = $1`;
  await stack.sql(text, [collection]);
}

/** A client with a token and a quota of its own, so that what a test does to it hurts no other. */
export function ownClient(
  stack: TestStack,
  quota: Partial<ProcessQuotaOptions> = {},
): LegifranceClient & AsyncDisposable {
  const client = createLegifrance({
    apiUrl: stack.simulator.apiUrl,
    tokenUrl: stack.simulator.tokenUrl,
    clientId: 'test',
    clientSecret: () => 'canary-piste-secret',
    quota: createProcessQuota({
      perSecond: 500,
      perHour: 1_000_000,
      perDay: 10_000_000,
      pacing: 'burst',
      ...quota,
    }),
  });
  return { ...client, [Symbol.asyncDispose]: () => client.close() };
}

/** The port with something done around each consult. */
export function aroundConsult(
  legifrance: Legifrance,
  consult: (id: string, signal: AbortSignal) => ReturnType<Legifrance['consult']>,
): Legifrance {
  return {
    listCodes: (signal) => legifrance.listCodes(signal),
    tableOfContents: (code, day, signal) => legifrance.tableOfContents(code, day, signal),
    search: (query, number, size, signal) => legifrance.search(query, number, size, signal),
    consult,
  };
}

/** The bytes of an object, straight from Storage. */
export async function storedBytes(stack: TestStack, path: string): Promise<Buffer> {
  const response = await fetch(`${stack.gateway.url}/storage/v1/object/${BUCKET}/${path}`, {
    headers: { authorization: `Bearer ${stack.gateway.serviceKey}` },
  });
  if (!response.ok) throw new Error(`${path}: HTTP ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

/** What a promise is rejected with. @throws Error where it is not, or not with a {@link LegisyncError} */
export async function failureOf(promise: Promise<unknown>): Promise<LegisyncError> {
  const outcome: unknown = await promise.then(
    () => 'no failure at all',
    (error: unknown) => error,
  );
  if (outcome instanceof LegisyncError) return outcome;
  throw new Error('Expected a LegisyncError.', { cause: outcome });
}

/** All ids that a result speaks of, sorted. */
export function idsOf(result: UploadResult): string[] {
  const failed = result.failures.map(({ id }) => id);
  return [...result.uploaded, ...result.unchanged, ...failed, ...result.left, ...result.lost].sort();
}

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
import type { TestStack } from '../support/stack.ts';
import { BUCKET } from '../support/supabase.ts';

/** Maximum number of batches of a pass. Reaching it means a bug. */
const MAX_BATCHES = 200;

export function batchOf(collection: string, sequence = 1, run = 'run'): BatchRef {
  return { collection, workflow: `massive:${collection}`, run, sequence };
}

/**
 * Ids of the articles `from` to `to` (both included) of a synthetic code, as the simulator creates
 * them.
 */
export function articleIds(code: string, from: number, to: number): string[] {
  return Array.from(
    { length: to - from + 1 },
    (_, n) => `LEGIARTI${code.slice(-6)}${String(from + n).padStart(6, '0')}`,
  );
}

/** `deps` with another collection. */
export function withCollection(deps: ActivityDeps, name: string, sources: readonly Source[]): ActivityDeps {
  const collections = new Map<string, Collection>([...deps.collections, [name, { name, sources }]]);
  return { ...deps, collections };
}

/** `deps` of a batch that holds every document, also those that no enumeration has listed. */
export function holding(deps: ActivityDeps): ActivityDeps {
  const catalogue: Catalogue = {
    ...deps.catalogue,
    describe: async (batch, ids) =>
      (await deps.catalogue.describe(batch, ids)).map((document) => ({ ...document, held: true })),
  };
  return { ...deps, catalogue };
}

export type Fetched = FetchResult & { readonly ids: readonly string[] };

/** The environment of an activity. Records the last heartbeat. */
export class Attempt {
  readonly env: MockActivityEnvironment;
  lastBeat: unknown;

  constructor(heartbeatDetails?: unknown, attempt = 1) {
    // The SDK warns of each failed attempt, and many tests expect one.
    this.env = new MockActivityEnvironment(
      { heartbeatDetails, attempt },
      { logger: new DefaultLogger('ERROR') },
    );
    this.env.on('heartbeat', (details: unknown) => {
      // The server stores JSON: other values would be lost.
      this.lastBeat = JSON.parse(JSON.stringify(details));
    });
  }

  /** With the ids of all batches. */
  fetch(deps: ActivityDeps, input: FetchInput): Promise<Fetched> {
    const run = async (): Promise<Fetched> => {
      const result = await createActivities(deps).fetchDocuments(input);
      return { ...result, ids: result.batches.flat() };
    };
    return this.env.run(run);
  }

  upload(deps: ActivityDeps, input: UploadInput): Promise<UploadResult> {
    return this.env.run(() => createActivities(deps).uploadDocuments(input));
  }
}

export function fetchMassive(deps: ActivityDeps, batch: BatchRef, limit = 100): Promise<Fetched> {
  return new Attempt().fetch(deps, { batch, limit, mode: 'massive' });
}

export function upload(deps: ActivityDeps, batch: BatchRef, ids: readonly string[]): Promise<UploadResult> {
  return new Attempt().upload(deps, { batch, mode: 'massive', ids });
}

/** Ends a batch as the workflows do. */
export function enqueue(deps: ActivityDeps, batch: BatchRef, result: UploadResult): Promise<EnqueueResult> {
  const stored = [...result.uploaded, ...result.unchanged];
  const input = { batch, stored, failures: result.failures };
  return new Attempt().env.run(() => createActivities(deps).enqueueDocuments(input));
}

/**
 * Runs one lane, from batch `sequence`, until there is nothing to do. Returns its documents in
 * order.
 */
export async function runLane(
  deps: ActivityDeps,
  collection: string,
  sequence = 1,
): Promise<{ ids: string[]; discovered: number; last: Fetched }> {
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

/** A client with a token and a quota of its own, so that tests do not affect each other. */
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

/** `legifrance` with another `consult`. */
export function aroundConsult(legifrance: Legifrance, consult: Legifrance['consult']): Legifrance {
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

/** The failure of a promise. @throws Error unless it rejects with a {@link LegisyncError} */
export async function failureOf(promise: Promise<unknown>): Promise<LegisyncError> {
  const outcome: unknown = await promise.then(
    () => 'It did not reject.',
    (error: unknown) => error,
  );
  if (outcome instanceof LegisyncError) return outcome;
  throw new Error('Expected a LegisyncError.', { cause: outcome });
}

/** All ids in a result, sorted. */
export function idsOf(result: UploadResult): string[] {
  const failed = result.failures.map(({ id }) => id);
  return [...result.uploaded, ...result.unchanged, ...failed, ...result.left, ...result.lost].sort();
}

import { Context } from '@temporalio/activity';
import type { Collection, Source } from '../contract/collections.ts';
import { LegisyncError } from '../contract/failures.ts';
import type { BatchRef, FetchInput, FetchResult, Problem } from '../contract/collecting.ts';
import { SLICE_LEASE_SECONDS } from '../contract/timing.ts';
import type { ActivityDeps } from './deps.ts';
import { enumerateStep } from './enumeration/enumerate.ts';
import { throwIfInterrupted, withHeartbeat, type Signals } from './liveness.ts';
import { listFresh, type ListingProgress } from './maintenance.ts';
import { isQuotaSpent } from './quotaSpent.ts';
import { problemOf } from './serviceFailure.ts';

/**
 * Enumeration is ahead of collection by this many times what a call asks for, so that the next call
 * need not wait for a listing.
 */
const AHEAD = 2;

/**
 * Steps of enumeration in one call. A step is a table of contents or ten pages of a search, and
 * takes much less than a minute.
 */
const MAX_STEPS = 6;

/**
 * The workflow waits at least this long for documents, whatever the database answers: each call
 * adds events to the history.
 */
const MIN_WAIT_MS = 1_000;

/** See {@link Activities.fetchDocuments}. */
export async function fetchDocuments(deps: ActivityDeps, input: FetchInput): Promise<FetchResult> {
  const collection = collectionNamed(deps, input);
  const earlier = Context.current().info.heartbeatDetails as ListingProgress | undefined;
  const progress: ListingProgress = { listed: earlier?.listed ?? 0 };
  return withHeartbeat(
    () => progress,
    async (cancelled) => {
      const signals = { cancelled, stop: AbortSignal.any([cancelled, deps.draining]) };
      const fetched = await (input.mode === 'massive'
        ? nextOfPass(deps, collection, input, signals)
        : listFresh(deps, collection, input, signals, progress));
      throwIfInterrupted();
      return fetched;
    },
  );
}

async function nextOfPass(
  deps: ActivityDeps,
  collection: Collection,
  { batch, batches = 1, limit }: FetchInput,
  signals: Signals,
): Promise<FetchResult> {
  const sources = collection.sources.map((source) => source.name);
  let discovered = 0;
  let problem: Problem | undefined;
  for (let step = 0; ; step += 1) {
    const pass = await deps.catalogue.openPass(collection.name, sources, deps.settings.passIntervalSeconds);
    const backlog = { due: pass.due, openSlices: pass.openSlices };
    const ahead = pass.due >= limit * batches * AHEAD;
    if (pass.openSlices > 0 && !ahead && step < MAX_STEPS && !signals.stop.aborted) {
      const slice = await deps.catalogue.leaseSlice(batch, pass.pass, SLICE_LEASE_SECONDS);
      if (slice !== null) {
        const source = sourceOf(collection, slice.source);
        try {
          const listed = await enumerateStep(deps, batch, slice, source, signals);
          discovered += listed.discovered;
          if (listed.failure !== undefined) problem = problemOf(listed.failure);
        } catch (error) {
          if (!isQuotaSpent(error)) throw error;
          await deps.catalogue.releaseSlice(batch, slice);
          return {
            batches: [],
            discovered,
            pass: pass.pass,
            backlog,
            reason: 'quota',
            waitMs: error.retryAfterMs,
            problem: problemOf(error),
          };
        }
        continue;
      }
    }
    const taken = await takeBatches(deps, batch, batches, limit);
    if (taken.length > 0) return { batches: taken, discovered, pass: pass.pass, backlog };
    const reason = pass.complete ? 'pass' : 'enumerating';
    return {
      batches: [],
      discovered,
      pass: pass.pass,
      backlog,
      reason,
      problem: pass.complete ? undefined : problem,
      waitMs: Math.max(MIN_WAIT_MS, Math.ceil(pass.waitSeconds * 1_000)),
    };
  }
}

/** Takes up to `count` batches. Stops at the first that is not full: nothing else is due. */
async function takeBatches(
  deps: ActivityDeps,
  batch: BatchRef,
  count: number,
  limit: number,
): Promise<(readonly string[])[]> {
  const taken: (readonly string[])[] = [];
  while (taken.length < count) {
    const sequence = batch.sequence + taken.length;
    const ids = await deps.catalogue.takeDocuments({ ...batch, sequence }, limit);
    if (ids.length > 0) taken.push(ids);
    if (ids.length < limit) break;
  }
  return taken;
}

function sourceOf(collection: Collection, name: string): Source | undefined {
  return collection.sources.find((source) => source.name === name);
}

function collectionNamed(deps: ActivityDeps, input: FetchInput): Collection {
  const name = input.batch.collection;
  const collection = deps.collections.get(name);
  if (collection === undefined) {
    const known = [...deps.collections.keys()].join(', ');
    throw new LegisyncError(
      'COLLECTION_UNKNOWN',
      `The worker does not know collection "${name}"; it knows: ${known}.`,
    );
  }
  const strangers = (input.sources ?? []).filter((wanted) => sourceOf(collection, wanted) === undefined);
  if (strangers.length > 0) {
    const known = collection.sources.map((source) => source.name).join(', ');
    throw new LegisyncError(
      'CONFIG_INVALID',
      `Collection "${name}" has no source "${strangers[0] ?? ''}"; it has: ${known}.`,
    );
  }
  return collection;
}

import { setTimeout as pause } from 'node:timers/promises';
import { createLiveDisplay, type LiveDisplay, type LiveStream } from '../launcher/liveDisplay.ts';
import { createRateEstimator } from '../launcher/rateEstimator.ts';
import type { Counter, Counts } from './counts.ts';

/** Often enough for a live view, and rare enough for the database. */
const SAMPLE_MS = 1_000;

export interface WatchOptions {
  readonly counter: Counter;
  /** Counts at the beginning of this start. */
  readonly before: Counts;
  readonly startedAtMs: number;
  readonly wanted: number | undefined;
  readonly display: LiveDisplay;
  readonly signal: AbortSignal;
}

export function displayOn(stream: LiveStream): LiveDisplay {
  return createLiveDisplay(stream);
}

/**
 * Shows the progress until there are `wanted` new documents, or `signal` is aborted. Skips counts
 * that fail, for example while a killed database restarts.
 */
export async function watch(options: WatchOptions): Promise<void> {
  const { counter, before, wanted, display, signal } = options;
  const rate = createRateEstimator();
  let firstRowSeen = before.rows > 0;
  while (!signal.aborted) {
    const counts = await counter.counts().catch(() => undefined);
    if (counts !== undefined) {
      const now = performance.now();
      const elapsedSeconds = (now - options.startedAtMs) / 1000;
      const newDocuments = counts.stored - before.stored;
      if (!firstRowSeen && counts.rows > 0) {
        firstRowSeen = true;
        display.log(`first row in files_queue after ${elapsedSeconds.toFixed(1)} s`);
      }
      rate.add(now, newDocuments);
      const remaining = wanted === undefined ? counts.known - counts.objects : wanted - newDocuments;
      display.show({
        newDocuments,
        wanted,
        ratePerMinute: rate.perMinute(),
        total: counts.objects,
        known: counts.known,
        etaSeconds: rate.etaSeconds(remaining),
        queueRows: counts.rows,
        pending: counts.pending,
        failed: counts.failed,
        elapsedSeconds,
      });
      if (wanted !== undefined && newDocuments >= wanted) return;
    }
    await pause(SAMPLE_MS, undefined, { signal }).catch(() => undefined);
  }
}

import { Context } from '@temporalio/activity';
import type { LegisyncError } from '../contract/failures.ts';
import type { DocumentFailure } from '../contract/collecting.ts';

/** In characters. The payload of a batch with 100 failures must stay below 50 KB. */
const MAX_MESSAGE = 300;

/**
 * The finished documents of a batch. Heartbeats carry them, so that the attempt after a killed
 * worker does not consult them again.
 */
export interface Progress {
  readonly uploaded: string[];
  readonly unchanged: string[];
  readonly failures: DocumentFailure[];
  bytes: number;
}

/** Beside the progress in a heartbeat, for the Web UI: why a lane that is busy does nothing. */
export const WAITS = 'waits for its place: older batches and MAINTENANCE are served first';

/** The progress in the last heartbeat of the previous attempt. */
export function earlierProgress(): Progress {
  const earlier = Context.current().info.heartbeatDetails as Progress | undefined;
  return {
    uploaded: [...(earlier?.uploaded ?? [])],
    unchanged: [...(earlier?.unchanged ?? [])],
    failures: [...(earlier?.failures ?? [])],
    bytes: earlier?.bytes ?? 0,
  };
}

/** The ids that this batch has finished. */
export function doneIn({ uploaded, unchanged, failures }: Progress): ReadonlySet<string> {
  return new Set([...uploaded, ...unchanged, ...failures.map(({ id }) => id)]);
}

/**
 * Records that a document failed. The catalogue stores the failure and the time of the next
 * attempt.
 */
export function recordFailure(progress: Progress, id: string, { code, message }: LegisyncError): void {
  progress.failures.push({ id, code, message: message.slice(0, MAX_MESSAGE) });
}

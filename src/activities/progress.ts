import { Context } from '@temporalio/activity';
import type { LegisyncError } from '../contract/failures.ts';
import type { DocumentFailure } from '../contract/collecting.ts';

/** A batch of 100 failures must stay below the 50 KB of a payload. */
const MAX_MESSAGE = 300;

/**
 * What is done of a batch so far. It travels in the heartbeats, so that an attempt after a killed worker need not
 * consult these documents again.
 */
export interface Progress {
  readonly uploaded: string[];
  readonly unchanged: string[];
  readonly failures: DocumentFailure[];
  bytes: number;
}

/** Where the attempt before this one was when it was last heard of. */
export function earlierProgress(): Progress {
  const earlier = Context.current().info.heartbeatDetails as Progress | undefined;
  return {
    uploaded: [...(earlier?.uploaded ?? [])],
    unchanged: [...(earlier?.unchanged ?? [])],
    failures: [...(earlier?.failures ?? [])],
    bytes: earlier?.bytes ?? 0,
  };
}

/** The ids that need no more work in this batch. */
export function doneIn({ uploaded, unchanged, failures }: Progress): ReadonlySet<string> {
  return new Set([...uploaded, ...unchanged, ...failures.map(({ id }) => id)]);
}

/** Notes that a document cannot be had for now; the catalogue keeps why, and when it is tried again. */
export function recordFailure(progress: Progress, id: string, { code, message }: LegisyncError): void {
  progress.failures.push({ id, code, message: message.slice(0, MAX_MESSAGE) });
}

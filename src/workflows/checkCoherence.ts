import { ApplicationFailure, setCurrentDetails } from '@temporalio/workflow';
import {
  FULL_READING_TIMED_OUT,
  type CoherenceInput,
  type CoherenceReading,
  type CoherenceResult,
  type CoherenceVerdict,
  type MeasureResult,
} from '../contract/coherence.ts';
import { GRACE_SECONDS } from '../contract/timing.ts';
import type { CoherenceState } from '../contract/names.ts';
import { setState, withEndState } from './attributes.ts';
import { markdownTable } from './display.ts';
import { amount, checkInput, fields, oneOf, text, wholeNumber } from './input.ts';
import { measureCoherence } from './proxies.ts';
import { checkResult } from './results.ts';
import { explainUnknownMessages } from './unknownMessages.ts';

/**
 * Compares Storage and files_queue and returns a verdict. Changes neither. A Temporal Schedule
 * starts it. If the database cancels a full reading, the workflow takes a cheap one.
 *
 * @throws ApplicationFailure `DATABASE_TIMEOUT` if the database cancels the cheap reading as well;
 * `CONFIG_INVALID` if the input is wrong
 */
export function checkCoherence(input: CoherenceInput): Promise<CoherenceResult> {
  return withEndState(() => check(input));
}

async function check(input: CoherenceInput): Promise<CoherenceResult> {
  checkInput(input, {
    bucket: text({ min: 1, max: 100 }),
    kind: oneOf('cheap', 'full'),
    graceSeconds: wholeNumber(GRACE_SECONDS),
    limits: fields({ missingLimit: amount, gapPercent: amount, requeueHours: amount }),
  });
  explainUnknownMessages([], setCurrentDetails);
  const wanted = checkResult('measureCoherence', await measureCoherence(input));
  if (wanted.outcome === 'measured') return finish(wanted);
  if (input.kind === 'full') {
    const cheap = checkResult('measureCoherence', await measureCoherence({ ...input, kind: 'cheap' }));
    if (cheap.outcome === 'measured') return finish(cheap, FULL_READING_TIMED_OUT);
  }
  throw ApplicationFailure.create({
    type: 'DATABASE_TIMEOUT',
    message: `The database cancelled even the cheap reading of ${input.bucket}.`,
    nonRetryable: true,
  });
}

function finish(
  { reading, verdict }: Extract<MeasureResult, { outcome: 'measured' }>,
  problem?: string,
): CoherenceResult {
  setCurrentDetails(
    [...(problem === undefined ? [] : [problem]), summary(verdict), table(reading)].join('\n\n'),
  );
  // Equal counts prove nothing: missing and dangling may cancel each other out.
  const counted = reading.kind === 'cheap' && verdict.state === 'coherent';
  const state: CoherenceState = counted ? 'counted' : verdict.state;
  setState(state);
  return { reading, verdict, problem };
}

function summary({ state, reasons, notes, next }: CoherenceVerdict): string {
  const lines = [...reasons, ...notes].map((line) => `- ${line}`);
  return [`**${state}**`, ...lines, ...(next === null ? [] : [`Next: \`${next}\``])].join('\n\n');
}

function table(reading: CoherenceReading): string {
  const { storage, queue, oldestPending } = reading;
  const rows: (readonly [string, string | number])[] = [
    ['Storage', `${storage.count} (${storage.size})`],
    ['files_queue', `${queue.count} (${queue.size})`],
  ];
  if (reading.kind === 'full') {
    rows.push(
      ['missing', reading.missing],
      ['in flight', reading.inFlight],
      ['dangling', reading.dangling],
      ['of these, marked', reading.danglingMarked],
      ['stale', reading.stale],
      ['size mismatches', reading.sizeMismatches],
      ['rows without a size', reading.rowsWithoutSize],
      ['placeholders', reading.placeholders],
      ['held by another bucket', reading.heldByOtherBucket],
    );
  }
  rows.push(['oldest pending row', oldestPending ?? 'none']);
  return markdownTable(rows);
}

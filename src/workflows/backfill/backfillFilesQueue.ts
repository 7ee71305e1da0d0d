import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  defineQuery,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type {
  BackfillChunkResult,
  BackfillInput,
  BackfillProgress,
  BackfillResult,
  BackfillRun,
  OpenBackfillResult,
} from '../../contract/backfill.ts';
import { backfillWorkflowId, QUERIES, UPDATES } from '../../contract/names.ts';
import { CHUNK } from '../../contract/limits.ts';
import { GRACE_SECONDS } from '../../contract/timing.ts';
import { withEndState } from '../attributes.ts';
import { display, stateOf } from './display.ts';
import { BackfillPace } from './pace.ts';
import { continueWith, mustContinue } from '../continuing.ts';
import { checkInput, fields, flag, oneOf, optional, text, wholeNumber } from '../input.ts';
import { registerPauseHandlers } from '../pausing.ts';
import { backfillChunk, openBackfill } from '../proxies.ts';
import { checkResult } from '../results.ts';
import { explainUnknownMessages } from '../unknownMessages.ts';

const progressQuery = defineQuery<BackfillProgress>(QUERIES.progress);

/** The server sets it on each workflow that a schedule starts. */
const SCHEDULED_BY = defineSearchAttributeKey('TemporalScheduledById', SearchAttributeType.KEYWORD);

/** The wait after the database cancelled the smallest chunk: it is overloaded or locked. */
const OVERLOAD_WAIT = '30s';

/**
 * Adds a row for each file of a bucket that has none, chunk by chunk. Then counts what is missing.
 *
 * The run, its phase and its position are in Postgres (see `legisync_backfill_chunk`). The workflow
 * may be cancelled, terminated or lost at any time. `start: 'resume'` continues after the last
 * chunk that was committed.
 *
 * @throws ApplicationFailure `BACKFILL_REFUSED` if a schedule started it, if there is an unfinished
 * run, or nothing to resume; `CONFIG_INVALID` if the input is wrong
 */
export function backfillFilesQueue(input: BackfillInput): Promise<BackfillResult> {
  return withEndState(() => backfill(input));
}

async function backfill(input: BackfillInput): Promise<BackfillResult> {
  checkInput(input, {
    bucket: text({ min: 1, max: 100 }),
    start: oneOf('new', 'resume', 'restart'),
    options: fields({
      kind: oneOf('queue', 'sizes'),
      prefix: text({ min: 0, max: 1_024 }),
      finished: flag,
      before: optional(text({ min: 1, max: 100 })),
      graceSeconds: wholeNumber(GRACE_SECONDS),
      allAtOnce: flag,
    }),
    chunk: wholeNumber(CHUNK),
  });
  refuseSchedules(input.bucket);
  const { bucket, carried } = input;
  const pace = new BackfillPace(input.chunk, carried?.halvings ?? 0);
  let opened: OpenBackfillResult | undefined = carried?.opened;
  let paused = carried?.paused ?? false;
  let pauseReason = carried?.pauseReason ?? '';
  let timeouts = carried?.timeouts ?? 0;
  /** An activity is in progress: a pause begins when it ends. */
  let busy = opened === undefined;
  /** The database has cancelled the smallest chunk, and none has succeeded since. */
  let overloaded = carried?.overloaded ?? false;
  /** Objects read in the current phase. */
  let done = carried?.done ?? 0;

  const progress = (): BackfillProgress => {
    const phase = opened === undefined ? 'opening' : opened.run.phase;
    const objects = opened?.objects ?? null;
    const rate = pace.rate();
    return {
      state: stateOf({ phase, paused, busy, overloaded }),
      phase,
      paused,
      pauseReason,
      run: opened?.run ?? null,
      objects,
      done,
      rate,
      secondsLeft: rate === null || objects === null ? null : Math.max(0, objects - done) / rate,
      size: phase === 'opening' ? input.chunk : pace.size(phase),
      timeouts,
    };
  };
  let signalNote = '';
  const show = (): void => display(bucket, progress(), signalNote);

  setHandler(progressQuery, progress, { description: 'Phase, position, rate and time left.' });
  registerPauseHandlers<BackfillProgress>({
    pause(reason) {
      paused = true;
      pauseReason = reason;
      pace.pause();
      show();
      return progress();
    },
    resume() {
      paused = false;
      pauseReason = '';
      // The chunk that ran when the pause began has left a mark.
      pace.pause();
      show();
      return progress();
    },
  });
  explainUnknownMessages([UPDATES.pause, UPDATES.resume], (note) => {
    signalNote = note;
    show();
  });

  show();
  opened ??= checkResult<OpenBackfillResult>(
    'openBackfill',
    await openBackfill.executeWithOptions({ summary: `Open a run of ${bucket} (${input.start})` }, [
      { bucket, owner: workflowInfo().firstExecutionRunId, start: input.start, options: input.options },
    ]),
  );
  done = doneSoFar(opened.run, done);
  busy = false;

  while (opened.run.phase !== 'end') {
    show();
    // An operator may repeat the pause, and each Update adds events to the history.
    await condition(() => !paused || mustContinue(input.maxEvents));
    if (mustContinue(input.maxEvents)) {
      await condition(allHandlersFinished);
      const rest = { opened, paused, pauseReason, halvings: pace.halvings, timeouts, overloaded, done };
      return await continueWith<typeof backfillFilesQueue>({ ...input, carried: rest });
    }
    const run: BackfillRun = opened.run;
    const { phase, position } = run;
    const size = pace.size(phase);
    const summary = `Chunk ${run.chunks + 1} (${phase}): ${size} objects`;
    busy = true;
    const result: BackfillChunkResult = checkResult(
      'backfillChunk',
      await backfillChunk.executeWithOptions({ summary }, [{ run: run.id, phase, position, size }]),
    );
    busy = false;
    if (result.outcome === 'timed_out') {
      timeouts += 1;
      if (input.options.allAtOnce) throw tooMuchAtOnce(run);
      if (!pace.slower(phase)) {
        overloaded = true;
        show();
        await sleep(OVERLOAD_WAIT, { summary: 'The database cancelled the smallest chunk' });
      }
      continue;
    }
    overloaded = false;
    opened = { ...opened, run: result.run };
    if (result.outcome === 'done') pace.committed(result);
    const scanned = result.outcome === 'done' ? result.scanned : 0;
    done = doneSoFar(result.run, result.run.phase === phase ? done + scanned : 0);
  }
  show();
  await condition(allHandlersFinished);
  return { run: opened.run, timeouts };
}

function tooMuchAtOnce({ id }: BackfillRun): ApplicationFailure {
  return ApplicationFailure.nonRetryable(
    `The database cancelled run ${id}: all files at once take longer than the statement timeout. Nothing was written. Continue in chunks: legisync backfill --resume`,
    'BACKFILL_REFUSED',
  );
}

/**
 * Objects read in the current phase. The database counts those of the first phase; of other phases,
 * `counted` is what this workflow has counted.
 */
function doneSoFar({ phase, scanned }: BackfillRun, counted: number): number {
  return phase === 'queue' || phase === 'sizes' ? scanned : counted;
}

/**
 * A person must decide on each backfill. On a schedule it would hide the cause of missing files,
 * and would queue files again that a person removed from the queue on purpose.
 */
function refuseSchedules(bucket: string): void {
  const { workflowId, cronSchedule, typedSearchAttributes } = workflowInfo();
  const by = typedSearchAttributes.get(SCHEDULED_BY) ?? cronSchedule;
  if (by !== undefined && by !== '') {
    throw ApplicationFailure.nonRetryable(
      `A backfill never runs from a schedule (${by}). Collections queue what they store, and a scheduled backfill would ` +
        'hide why files go missing. Run `legisync coherence` on a schedule. If it reports missing files, run `legisync backfill`.',
      'BACKFILL_REFUSED',
    );
  }
  if (workflowId !== backfillWorkflowId(bucket)) {
    throw ApplicationFailure.nonRetryable(
      `A backfill of ${bucket} must have the workflow id ${backfillWorkflowId(bucket)}, which allows one at a time. This one has ${workflowId}. Use \`legisync backfill\`.`,
      'BACKFILL_REFUSED',
    );
  }
}

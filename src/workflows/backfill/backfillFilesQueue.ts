import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  ContinueAsNew,
  continueAsNew,
  defineQuery,
  defineUpdate,
  isCancellation,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import {
  CHUNK,
  type BackfillInput,
  type BackfillProgress,
  type BackfillResult,
  type BackfillRun,
  type OpenBackfillResult,
} from '../../contract/backfill.ts';
import { backfillWorkflowId, QUERIES, UPDATES } from '../../contract/names.ts';
import { createBackfillDisplay } from './display.ts';
import { BackfillPace, isChunk } from './pace.ts';
import { historyIsLong } from '../history.ts';
import { checkReason } from '../operator.ts';
import { backfillChunk, openBackfill } from '../proxies.ts';

const progressQuery = defineQuery<BackfillProgress>(QUERIES.progress);
const pauseUpdate = defineUpdate<BackfillProgress, [({ readonly reason?: string } | null)?]>(UPDATES.pause);
const resumeUpdate = defineUpdate<BackfillProgress>(UPDATES.resume);

/** Set by the server on what a schedule starts. */
const SCHEDULED_BY = defineSearchAttributeKey('TemporalScheduledById', SearchAttributeType.KEYWORD);

/** Where even the smallest chunk is cancelled, the database is in trouble: it is left alone for so long. */
const TROUBLE = '30s';

/**
 * Queues every file of a bucket that has no row, chunk by chunk, and counts at the end what is
 * missing. The run, with its phase and position, lives in Postgres (see `legisync_backfill_chunk`):
 * this workflow may be cancelled, terminated or lost at any moment, and `start: 'resume'` continues
 * after the last chunk that was committed.
 *
 * @throws ApplicationFailure `BACKFILL_REFUSED`: on a schedule, beside an unfinished run, or with
 * nothing to resume; `CONFIG_INVALID` for a chunk out of bounds
 */
export async function backfillFilesQueue(input: BackfillInput): Promise<BackfillResult> {
  refuseTimers(input.bucket);
  if (!isChunk(input.chunk)) {
    throw ApplicationFailure.nonRetryable(
      `A chunk of ${input.chunk} files is not a whole number from ${CHUNK.min} to ${CHUNK.max}.`,
      'CONFIG_INVALID',
    );
  }
  const { bucket, carried } = input;
  const pace = new BackfillPace(input.chunk, carried?.halvings ?? 0);
  let opened: OpenBackfillResult | undefined = carried?.opened;
  let paused = carried?.paused ?? false;
  let pauseReason = carried?.pauseReason ?? '';
  let timeouts = carried?.timeouts ?? 0;
  /** Objects looked at in the phase in work. */
  let done = carried?.done ?? 0;
  const display = createBackfillDisplay();

  const progress = (): BackfillProgress => {
    const phase = opened === undefined ? 'opening' : opened.run.phase;
    const objects = opened?.objects ?? null;
    const rate = pace.rate();
    return {
      phase,
      paused,
      run: opened?.run ?? null,
      objects,
      done,
      rate,
      secondsLeft: rate === null || objects === null ? null : Math.max(0, objects - done) / rate,
      step: phase === 'opening' ? input.chunk : pace.step(phase),
      timeouts,
    };
  };
  const show = (): void => display.show(progress(), pauseReason);

  setHandler(progressQuery, progress);
  setHandler(
    pauseUpdate,
    (options) => {
      paused = true;
      pauseReason = options?.reason ?? '';
      pace.pause();
      show();
      return progress();
    },
    { validator: checkReason },
  );
  setHandler(resumeUpdate, () => {
    paused = false;
    pauseReason = '';
    // The chunk that was in work when the pause began has left its mark since.
    pace.pause();
    show();
    return progress();
  });

  show();
  try {
    opened ??= await openBackfill.executeWithOptions({ summary: `${input.start} run of ${bucket}` }, [
      { bucket, owner: workflowInfo().firstExecutionRunId, start: input.start, options: input.options },
    ]);
    done = doneSoFar(opened.run, done);

    while (opened.run.phase !== 'end') {
      show();
      // A pause may be repeated for as long as it lasts, and each time it is written into the history.
      await condition(() => !paused || historyIsLong(input.maxEvents));
      if (historyIsLong(input.maxEvents)) {
        await condition(allHandlersFinished);
        const left = { opened, paused, pauseReason, halvings: pace.halvings, timeouts, done };
        return await continueAsNew<typeof backfillFilesQueue>({ ...input, carried: left });
      }
      const { run } = opened;
      const { phase, position } = run;
      const step = pace.step(phase);
      const summary = `${phase}: ${step} objects after chunk ${run.chunks}`;
      const result = await backfillChunk.executeWithOptions({ summary }, [
        { run: run.id, phase, position, step },
      ]);
      if (result.outcome === 'timed_out') {
        timeouts += 1;
        if (input.options.allAtOnce) throw tooMuchAtOnce(run);
        if (!pace.slower(phase)) await sleep(TROUBLE, { summary: 'even the smallest chunk was cancelled' });
        continue;
      }
      opened = { ...opened, run: result.run };
      if (result.outcome === 'done') pace.committed(result);
      const scanned = result.outcome === 'done' ? result.scanned : 0;
      done = doneSoFar(result.run, result.run.phase === phase ? done + scanned : 0);
    }
  } catch (error) {
    // The state must not go on saying that it is at work.
    if (!(error instanceof ContinueAsNew)) display.ended(isCancellation(error) ? 'stopped' : 'failed');
    throw error;
  }
  show();
  await condition(allHandlersFinished);
  return { run: opened.run, timeouts };
}

function tooMuchAtOnce({ id }: BackfillRun): ApplicationFailure {
  return ApplicationFailure.nonRetryable(
    `The database cancelled run ${id}: all files at once take longer than a statement may. Nothing was written. Go on in chunks: legisync backfill --resume`,
    'BACKFILL_REFUSED',
  );
}

/** How far the phase in work is: the database knows it of the first one, `counted` is what was seen of another. */
function doneSoFar({ phase, scanned }: BackfillRun, counted: number): number {
  return phase === 'queue' || phase === 'sizes' ? scanned : counted;
}

/**
 * A backfill is a deliberate act. On a timer it would hide whatever makes files go missing, and give the Workers files
 * again that somebody removed from the queue on purpose.
 */
function refuseTimers(bucket: string): void {
  const { workflowId, cronSchedule, typedSearchAttributes } = workflowInfo();
  const by = typedSearchAttributes.get(SCHEDULED_BY) ?? cronSchedule;
  if (by !== undefined && by !== '') {
    throw ApplicationFailure.nonRetryable(
      `A backfill never runs from a schedule (${by}): the collection queues what it stores by itself, and a timer would ` +
        'hide what makes files go missing. Let `legisync coherence` run on a schedule, and start `legisync backfill` by hand when it says so.',
      'BACKFILL_REFUSED',
    );
  }
  if (workflowId !== backfillWorkflowId(bucket)) {
    throw ApplicationFailure.nonRetryable(
      `A backfill of ${bucket} must be the workflow ${backfillWorkflowId(bucket)}, so that there is one at a time; this is ${workflowId}. Use \`legisync backfill\`.`,
      'BACKFILL_REFUSED',
    );
  }
}

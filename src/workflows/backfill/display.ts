import { setCurrentDetails } from '@temporalio/workflow';
import type { BackfillProgress } from '../../contract/backfill.ts';
import type { BackfillState } from '../../contract/names.ts';
import { setState } from '../attributes.ts';
import { markdownTable } from '../display.ts';

const PHASES = {
  opening: 'opening the run',
  queue: 'queueing',
  catch_up: 'catching up with new files',
  verify: 'verifying',
  sizes: 'filling sizes',
  end: 'finished',
} as const satisfies Record<BackfillProgress['phase'], string>;

/**
 * Shows progress in the Web UI: live Markdown, and the state as a search attribute. The summary that
 * a client gives at the start is lost when a run continues as new, so the text also says what this is.
 */
export function display(bucket: string, progress: BackfillProgress, signalNote: string): void {
  const { state, pauseReason } = progress;
  const notes = [
    ...(pauseReason === '' ? [] : [`Paused: ${pauseReason}`]),
    ...(state === 'failing' ? [`Waiting: ${OVERLOADED}`] : []),
    ...(signalNote === '' ? [] : [signalNote]),
  ];
  const what = `Backfill of ${bucket}. \`legisync backfill stop\` ends it, \`--resume\` continues it.`;
  setCurrentDetails([headline(progress), ...notes, table(progress), what].join('\n\n'));
  setState(state);
}

const OVERLOADED = 'the database cancels even the smallest chunk. Look for locks and load in the database.';

/** The state of a backfill that has not ended early. */
export function stateOf({
  phase,
  paused,
  busy,
  overloaded,
}: Pick<BackfillProgress, 'phase' | 'paused'> & {
  readonly busy: boolean;
  readonly overloaded: boolean;
}): BackfillState {
  if (phase === 'end') return 'completed';
  if (paused) return busy ? 'pausing' : 'paused';
  return overloaded ? 'failing' : 'backfilling';
}

function headline({ state, phase, paused, done, objects, rate, secondsLeft }: BackfillProgress): string {
  const of = objects === null ? '' : ` of ${objects} (${percent(done, objects)} %)`;
  const where = phase === 'end' || phase === 'opening' ? '' : `: ${done}${of}`;
  const speed = rate === null || paused ? '' : `, ${Math.round(rate)} objects/s`;
  const left = secondsLeft === null || paused ? '' : `, ${Math.ceil(secondsLeft)} s left in this phase`;
  return `**${state === 'pausing' || state === 'paused' ? state : PHASES[phase]}**${where}${speed}${left}`;
}

function table({ run, phase, size, timeouts }: BackfillProgress): string {
  if (run === null) return '';
  const verified: readonly (readonly [string, number])[] = [
    ['missing', run.missing],
    ['in flight', run.inFlight],
    ['held by another bucket', run.heldByOtherBucket],
    ['folders and placeholders', run.skipped],
  ];
  const written: readonly (readonly [string, number])[] = [
    ['queued', run.queued],
    ['of these, arrived during the run', run.caughtUp],
    // Before they are counted, zeros would look like an answer.
    ...(phase === 'verify' || phase === 'end' ? verified : []),
  ];
  return markdownTable([
    ...(run.kind === 'sizes' ? [['sizes filled', run.sized] as const] : written),
    ['chunks committed', run.chunks],
    ['objects of the next chunk', size],
    ['chunks that the database cancelled', timeouts],
  ]);
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 100 : Math.min(100, Math.floor((100 * part) / whole));
}

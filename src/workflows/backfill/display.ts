import { setCurrentDetails } from '@temporalio/workflow';
import type { BackfillProgress } from '../../contract/backfill.ts';
import type { BackfillState } from '../../contract/names.ts';
import { createStateSetter } from '../attributes.ts';
import { markdownTable } from '../display.ts';

const PHASES = {
  opening: 'opening the run',
  queue: 'queueing',
  catch_up: 'catching up with new files',
  verify: 'verifying',
  sizes: 'filling sizes',
  end: 'finished',
} as const satisfies Record<BackfillProgress['phase'], string>;

/** Shows progress in the Web UI. */
export interface BackfillDisplay {
  /** Live Markdown, and the state as a search attribute. */
  readonly show: (progress: BackfillProgress, pauseReason: string) => void;
  /** Sets the state of a workflow that ends before its run does. The Markdown stays. */
  readonly ended: (state: Extract<BackfillState, 'stopped' | 'failed'>) => void;
}

export function createBackfillDisplay(): BackfillDisplay {
  const setState = createStateSetter();
  return {
    show(progress, pauseReason) {
      const { phase, paused } = progress;
      const reason = paused && pauseReason !== '' ? [`Paused: ${pauseReason}`] : [];
      setCurrentDetails([headline(progress), ...reason, table(progress)].join('\n\n'));
      setState(phase === 'end' ? 'completed' : paused ? 'paused' : 'backfilling');
    },
    ended: setState,
  };
}

function headline({ phase, paused, done, objects, rate, secondsLeft }: BackfillProgress): string {
  const of = objects === null ? '' : ` of ${objects} (${percent(done, objects)} %)`;
  const where = phase === 'end' || phase === 'opening' ? '' : `: ${done}${of}`;
  const speed = rate === null || paused ? '' : `, ${Math.round(rate)} objects/s`;
  const left = secondsLeft === null || paused ? '' : `, ${Math.ceil(secondsLeft)} s left in this phase`;
  return `**${paused ? 'paused' : PHASES[phase]}**${where}${speed}${left}`;
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

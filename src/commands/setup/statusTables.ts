import { gridLines } from '../../cli/text/table.ts';
import { localTime } from '../../cli/text/time.ts';
import { EXIT } from '../../cli/exit.ts';
import type { LivingWorker } from '../../temporal/workers.ts';
import type { CollectionStatus } from '../massive/status.ts';
import type { ScheduleStatus } from './scheduleStatus.ts';

/**
 * The tables of `legisync status`. With numbers of up to eight digits, none is wider than 80
 * columns: longer names are cut, and `--json` has them whole.
 */

export function workerTable(workers: readonly LivingWorker[], now = Date.now()): string[] {
  return gridLines(
    [
      ['worker', 'left', 36],
      ['build', 'left', 12],
      ['up', 'right'],
      ['last sign', 'right'],
    ],
    workers.map(({ identity, buildId, startedAt, secondsSilent }) => [
      identity,
      shortBuild(buildId),
      startedAt === null ? null : `${Math.max(0, Math.floor((now - Date.parse(startedAt)) / 60_000))} min`,
      `${secondsSilent} s ago`,
    ]),
  );
}

/** The SDK's default is its own name and version, `+` and 64 hexadecimal digits. */
function shortBuild(buildId: string | null): string | null {
  return buildId === null ? null : buildId.slice(buildId.lastIndexOf('+') + 1);
}

export function collectionTable(collections: readonly CollectionStatus[]): string[] {
  return gridLines(
    [
      ['collection', 'left', 15],
      ['state', 'left'],
      ['pass', 'right'],
      ['lanes', 'right'],
      ['uploaded', 'right'],
      ['unchanged', 'right'],
      ['queued', 'right'],
    ],
    collections.map(({ collection, progress: { value, problem } }) =>
      value === null
        ? [collection, problem?.exitCode === EXIT.notRunning ? 'not running' : 'no answer']
        : [
            collection,
            value.state,
            value.pass,
            `${value.busy}/${value.controls.lanes}`,
            value.totals.uploaded,
            value.totals.unchanged,
            value.totals.queued + value.totals.requeued,
          ],
    ),
  );
}

export function scheduleTable(schedules: readonly ScheduleStatus[]): string[] {
  return gridLines(
    [
      ['schedule', 'left', 33],
      ['state', 'left'],
      ['next run', 'left'],
    ],
    schedules.map(({ id, state, paused, nextRun }) => [
      id,
      paused && state !== 'paused' ? `${state}, paused` : state,
      localTime(nextRun),
    ]),
  );
}

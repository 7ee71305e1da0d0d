import { gridLines } from '../../cli/text/table.ts';
import { localTime } from '../../cli/text/time.ts';
import { EXIT } from '../../cli/exit.ts';
import { temporalCommand } from '../../cli/inspect/temporalCommand.ts';
import type { Session } from '../../cli/run.ts';
import type { Build, BuildStatus } from '../../temporal/deployment.ts';
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
      ['worker', 'left', 32],
      ['build', 'left', 16],
      ['up', 'right'],
      ['last sign', 'right'],
    ],
    workers.map(({ identity, buildId, startedAt, secondsSilent }) => [
      identity,
      buildId,
      startedAt === null ? null : `${Math.max(0, Math.floor((now - Date.parse(startedAt)) / 60_000))} min`,
      `${secondsSilent} s ago`,
    ]),
  );
}

/** What a build's status means for its workers. */
const MEANING: Readonly<Record<BuildStatus, string>> = {
  current: 'new runs begin here',
  ramping: 'some new runs begin here',
  draining: 'runs are still pinned to it: its workers must stay',
  inactive: 'never current: legisync up',
  drained: 'its workers may end',
};

export function buildTable(builds: readonly Build[]): string[] {
  return gridLines(
    [
      ['build', 'left', 16],
      ['status', 'left'],
      ['meaning', 'left', 50],
    ],
    builds.map(({ buildId, status }) => [buildId, status, MEANING[status]]),
  );
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

/** What to do about schedules that run nothing, or something else: a line for each kind, or none. */
export function scheduleRemedies(
  temporal: Pick<Session['temporal'], 'address' | 'namespace'>,
  schedules: readonly ScheduleStatus[],
): string[] {
  const asDeclared = new Set<ScheduleStatus['state']>(['active', 'paused']);
  return [
    ...(schedules.every(({ state }) => asDeclared.has(state)) ? [] : ['Next: legisync schedules apply']),
    ...schedules
      .filter(({ paused }) => paused)
      .map(({ id }) => temporalCommand(temporal, 'schedule toggle', ['--schedule-id', id, '--unpause']))
      .map((command) => `Paused by an operator. Next: ${command}`),
  ];
}

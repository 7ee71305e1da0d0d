import { applySchedules, planSchedules, type ScheduleChange } from '../../schedules/plan.ts';
import { EXIT } from '../../cli/exit.ts';
import { withDeadline, type Outcome, type Session } from '../../cli/run.ts';

/**
 * `legisync schedules plan`: what `apply` would change. With `check`, a difference makes the exit
 * code 1.
 */
export async function schedulesPlan(
  session: Session,
  options: { readonly check?: boolean | undefined },
): Promise<Outcome> {
  const changes = await withDeadline(session, () => planSchedules(session.temporal.client, session.config));
  const exitCode = options.check === true && hasChanges(changes) ? EXIT.failed : EXIT.ok;
  return { ...outcome(changes), exitCode };
}

/** `legisync schedules apply` */
export async function schedulesApply(session: Session): Promise<Outcome> {
  return outcome(await withDeadline(session, () => applySchedules(session.temporal.client, session.config)));
}

/** One or more lines for people. */
export function describeChange(change: ScheduleChange): string[] {
  const paused = isPaused(change) ? ' (stays paused by an operator)' : '';
  switch (change.action) {
    case 'create':
      return [
        `+ ${change.id}: ${change.declared.cron} (${change.declared.timezone}), ${change.declared.summary}`,
      ];
    case 'update':
      return [
        `~ ${change.id}${paused}`,
        ...change.differences.map(({ property, is, wanted }) => `    ${property}: ${is} -> ${wanted}`),
      ];
    case 'remove':
      return [`- ${change.id}: no longer declared`];
    case 'keep':
      return [`= ${change.id}${paused}`];
  }
}

function outcome(changes: readonly ScheduleChange[]): Outcome {
  const changed = hasChanges(changes);
  return {
    data: { changed, schedules: changes.map(forJson) },
    lines: changed ? changes.flatMap(describeChange) : [...changes.flatMap(describeChange), 'no change'],
  };
}

function hasChanges(changes: readonly ScheduleChange[]): boolean {
  return changes.some(({ action }) => action !== 'keep');
}

function forJson(change: ScheduleChange) {
  const { action, id } = change;
  const paused = isPaused(change) ? { paused: true } : {};
  return change.action === 'update'
    ? { action, id, ...paused, differences: change.differences }
    : { action, id, ...paused };
}

function isPaused(change: ScheduleChange): boolean {
  return 'paused' in change && change.paused;
}

import { applySchedules, planSchedules, type ScheduleChange } from '../../schedules/plan.ts';
import { EXIT } from '../../cli/exit.ts';
import { withDeadline, type Outcome, type Session } from '../../cli/run.ts';

/** `legisync schedules plan`: what `apply` would do. With `check`, a difference is exit code 1. */
export async function schedulesPlan(
  session: Session,
  options: { readonly check?: boolean | undefined },
): Promise<Outcome> {
  const steps = await withDeadline(session, () => planSchedules(session.temporal.client, session.config));
  const exitCode = options.check === true && hasChanges(steps) ? EXIT.failed : EXIT.ok;
  return { ...outcome(steps), exitCode };
}

/** `legisync schedules apply` */
export async function schedulesApply(session: Session): Promise<Outcome> {
  return outcome(await withDeadline(session, () => applySchedules(session.temporal.client, session.config)));
}

/** One or several lines for people. */
export function describeChange(change: ScheduleChange): string[] {
  const paused = 'paused' in change && change.paused ? ' (paused by an operator; stays so)' : '';
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

function outcome(steps: readonly ScheduleChange[]): Outcome {
  const changed = hasChanges(steps);
  return {
    data: { changed, schedules: steps.map(forJson) },
    lines: changed ? steps.flatMap(describeChange) : [...steps.flatMap(describeChange), 'no change'],
  };
}

function hasChanges(steps: readonly ScheduleChange[]): boolean {
  return steps.some(({ action }) => action !== 'keep');
}

function forJson(change: ScheduleChange) {
  const { action, id } = change;
  return change.action === 'update' ? { action, id, differences: change.differences } : { action, id };
}

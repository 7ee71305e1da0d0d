import { applySchedules, planSchedules, type ScheduleStep } from '../../schedules/plan.ts';
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
export function describeStep(step: ScheduleStep): string[] {
  const paused = 'paused' in step && step.paused ? ' (paused by an operator; stays so)' : '';
  switch (step.action) {
    case 'create':
      return [`+ ${step.id}: ${step.declared.cron} (${step.declared.timezone}), ${step.declared.summary}`];
    case 'update':
      return [
        `~ ${step.id}${paused}`,
        ...step.differences.map(({ property, is, wanted }) => `    ${property}: ${is} -> ${wanted}`),
      ];
    case 'remove':
      return [`- ${step.id}: no longer declared`];
    case 'keep':
      return [`= ${step.id}${paused}`];
  }
}

function outcome(steps: readonly ScheduleStep[]): Outcome {
  const changed = hasChanges(steps);
  return {
    data: { changed, schedules: steps.map(forJson) },
    lines: changed ? steps.flatMap(describeStep) : [...steps.flatMap(describeStep), 'no change'],
  };
}

function hasChanges(steps: readonly ScheduleStep[]): boolean {
  return steps.some(({ action }) => action !== 'keep');
}

function forJson(step: ScheduleStep) {
  const { action, id } = step;
  return step.action === 'update' ? { action, id, differences: step.differences } : { action, id };
}

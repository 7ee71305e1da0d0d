import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { eventually } from '../support/workers.ts';
import { temporal, type CliEnd } from './temporalCli.ts';

export type PendingActivity = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];

/** The value of `PendingActivityState` for an activity that a worker is processing. */
const STARTED = 2;

/** The buttons of one workflow, and of its activities. */
export interface Buttons {
  /** The activity of this type that has not ended. */
  readonly pending: (type: string) => Promise<PendingActivity | undefined>;
  /** The id of the activity of this type, as soon as a worker is processing it. */
  readonly started: (type: string) => Promise<string>;
  /** How the workflow ended, as soon as it has: its status, or `DELETED`. */
  readonly ended: () => Promise<string>;
  /** `temporal activity <verb>` */
  readonly activity: (verb: string, activityId: string, ...args: readonly string[]) => Promise<CliEnd>;
  /** `temporal workflow <args>` */
  readonly workflow: (...args: readonly string[]) => Promise<CliEnd>;
}

/** @param workflowId of the workflow whose buttons are pressed */
export function buttonsOf(client: Client, workflowId: () => string): Buttons {
  const pending = async (type: string): Promise<PendingActivity | undefined> => {
    const { raw } = await client.workflow.getHandle(workflowId()).describe();
    return raw.pendingActivities?.find(({ activityType }) => activityType?.name === type);
  };
  return {
    pending,
    async started(type) {
      let found: PendingActivity | undefined;
      await eventually(async () => {
        found = await pending(type);
        return Number(found?.state) === STARTED;
      });
      return found?.activityId ?? '';
    },
    async ended() {
      let status = 'RUNNING';
      await eventually(async () => {
        status = await client.workflow
          .getHandle(workflowId())
          .describe()
          .then(
            (description) => description.status.name,
            () => 'DELETED',
          );
        return status !== 'RUNNING';
      });
      return status;
    },
    activity: (verb, activityId, ...args) =>
      temporal('activity', verb, '--workflow-id', workflowId(), '--activity-id', activityId, ...args),
    workflow: (...args) => temporal('workflow', ...args, '--workflow-id', workflowId()),
  };
}

/** A button: what it is, the arguments of `temporal workflow`, and what the answer contains. */
export type WorkflowButton = readonly [what: string, args: readonly string[], answer: string];

/** Signals, Updates and Queries that no workflow of ours has, and values of no use. */
export const STRANGE_MESSAGES: readonly WorkflowButton[] = [
  ['an unknown Signal', ['signal', '--name', 'pause', '--input', '{"reason":"x"}'], ''],
  ['garbage as a Signal', ['signal', '--name', '☃', '--input', '[1,{"a":null}]'], ''],
  ['an unknown Update', ['update', 'execute', '--name', 'nosuch'], 'There is no Update "nosuch"'],
  ['an unknown Query', ['query', '--type', 'nosuch'], '__stack_trace'],
];

/** Buttons after which the workflow runs on, or runs again. */
export const RESETS: readonly WorkflowButton[] = [
  ['a reset to the last task', ['reset', '--type', 'LastWorkflowTask', '--reason', 'a trial'], ''],
  ['a reset to the first task', ['reset', '--type', 'FirstWorkflowTask', '--reason', 'a trial'], ''],
];

/** Buttons that end the workflow. */
export const ENDS: readonly WorkflowButton[] = [
  ['a cancellation', ['cancel'], ''],
  ['a termination', ['terminate', '--reason', 'a trial'], ''],
  ['a deletion', ['delete', '--yes'], ''],
];

/** Buttons of an activity that leave it in progress: the verb of `temporal activity`, and its options. */
export const ACTIVITY_BUTTONS: readonly (readonly [verb: string, args: readonly string[]])[] = [
  ['reset', []],
  ['update-options', ['--start-to-close-timeout', '20m']],
];

/** Results that no activity of ours has. */
export const WRONG_RESULTS = ['null', '{}', '"done"', '{"uploaded": 5}'] as const;

import { WorkflowExecutionAlreadyStartedError, type WorkflowHandle } from '@temporalio/client';
import type { Config } from '../../config/config.ts';
import type { BackfillInput, BackfillPlan, BackfillRun } from '../../contract/backfill.ts';
import { LegisyncError } from '../../contract/failures.ts';
import { backfillWorkflowId, PRIORITY, WORKFLOWS } from '../../contract/names.ts';
import type { Supabase } from '../../supabase/index.ts';
import { stateAttributes } from '../../temporal/searchAttributes.ts';
import { followBackfill, reportOf } from './follow.ts';
import { commandLineOf, readBackfillFlags, type BackfillFlags, type BackfillRequest } from './options.ts';
import { describePlan, expectationOf } from './plan.ts';
import { confirm } from '../../cli/confirm.ts';
import { CommandError, EXIT } from '../../cli/exit.ts';
import { withDeadline, type Outcome, type Session } from '../../cli/run.ts';
import { requireSupabase } from '../../cli/supabase.ts';
import { warnWithoutWorkers } from '../../cli/workers.ts';

/**
 * `legisync backfill`: starts a run, or takes up the unfinished one, and follows it to its end (Ctrl-C ends the following
 * only).
 */
export async function backfill(session: Session, flags: BackfillFlags): Promise<Outcome> {
  const { config, io } = session;
  const request = readBackfillFlags(flags, config);
  const supabase = await requireSupabase(config);
  if (flags.yes !== true) {
    // Without a terminal nobody waits for the counting.
    const asked =
      io.ask === undefined ? `Backfill ${config.bucket}?` : await question(supabase, config, request);
    await confirm(io, asked, { yes: flags.yes, command: commandLineOf(flags) });
  }
  await warnWithoutWorkers(session);
  const handle = await start(session, request);
  if (flags.detach === true) {
    return {
      data: { workflowId: handle.workflowId },
      lines: [`started as ${handle.workflowId}; follow it with: legisync backfill status --wait`],
    };
  }
  return reportOf(await followBackfill(session, handle));
}

/** What is asked before it begins. */
async function question(
  supabase: Supabase,
  { bucket }: Pick<Config, 'bucket'>,
  request: BackfillRequest,
): Promise<string> {
  const last = await supabase.backfill.last(bucket);
  if (request.start === 'resume') return resumeQuestion(bucket, last);
  const plan = await countedPlan(supabase, bucket, request);
  if (plan === null)
    return `Counting what is missing from ${bucket} takes longer than a statement may. Go on without?`;
  return `${describePlan(plan, request, expectationOf(plan, request, last)).join('\n')}\nGo on?`;
}

/** Null where the database cancels the counting: a run itself goes in steps, and does not need it. */
async function countedPlan(
  supabase: Supabase,
  bucket: string,
  { options }: BackfillRequest,
): Promise<BackfillPlan | null> {
  try {
    return await supabase.backfill.plan(bucket, options.prefix);
  } catch (error) {
    if (error instanceof LegisyncError && error.code === 'DATABASE_TIMEOUT') return null;
    throw error;
  }
}

function resumeQuestion(bucket: string, last: BackfillRun | null): string {
  return last?.state === 'running'
    ? `Run ${last.id} of ${bucket} has seen ${last.scanned} objects and queued ${last.queued}. Go on with it?`
    : `Resume the unfinished run of ${bucket}?`;
}

async function start(
  session: Session,
  { start: how, options, chunk }: BackfillRequest,
): Promise<WorkflowHandle> {
  const { config, temporal } = session;
  const { bucket } = config;
  const workflowId = backfillWorkflowId(bucket);
  const input: BackfillInput = { bucket, start: how, options, chunk };
  try {
    return await withDeadline(session, () =>
      temporal.client.workflow.start(WORKFLOWS.backfill, {
        workflowId,
        taskQueue: config.taskQueue,
        args: [input],
        workflowIdConflictPolicy: 'FAIL',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        typedSearchAttributes: stateAttributes('backfilling'),
        priority: { priorityKey: PRIORITY.backfill },
        staticSummary: `Backfill of files_queue from ${bucket}`,
        staticDetails:
          `Queues every file of ${bucket} that has no row, in chunks of ${chunk}. Cancelling or terminating it loses ` +
          'nothing: `legisync backfill --resume` goes on behind the last chunk that was committed.',
      }),
    );
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    throw new CommandError(
      EXIT.refused,
      'ALREADY_RUNNING',
      `A backfill of ${bucket} is running; there is one at a time.`,
      'legisync backfill status --wait',
    );
  }
}

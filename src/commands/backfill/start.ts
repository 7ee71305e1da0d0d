import type { WorkflowHandle } from '@temporalio/client';
import type { Config } from '../../config/config.ts';
import type { BackfillInput, BackfillPlan, BackfillRun } from '../../contract/backfill.ts';
import { PRIORITY } from '../../contract/limits.ts';
import { backfillWorkflowId, WORKFLOWS } from '../../contract/names.ts';
import type { Supabase } from '../../supabase/index.ts';
import { nullOnTimeout } from '../../supabase/timeouts.ts';
import { stateAttributes } from '../../temporal/searchAttributes.ts';
import { followBackfill, reportOf } from './follow.ts';
import { commandLineOf, readBackfillFlags, type BackfillFlags, type BackfillRequest } from './options.ts';
import { describePlan, expectationOf, isNothingToDo, nothingToDo } from './plan.ts';
import { confirm, DECLINED } from '../../cli/confirm.ts';
import { CommandError, EXIT } from '../../cli/exit.ts';
import { failIfStuck } from '../../cli/inspect/stuck.ts';
import type { Io, Outcome, Session } from '../../cli/run.ts';
import { startOrJoin } from '../../cli/startWorkflow.ts';
import { requireSupabase } from '../../cli/supabase.ts';
import { warnWithoutWorkers } from '../../cli/workers.ts';

/**
 * Checks the options and the settings of a backfill. Without a terminal the question is an error,
 * which needs no counts.
 *
 * @throws CommandError `USAGE` or `CONFIRMATION_NEEDED`, or LegisyncError `CONFIG_INVALID`
 */
export async function checkBackfill(io: Io, config: Config, flags: BackfillFlags): Promise<void> {
  readBackfillFlags(flags, config);
  await requireSupabase(config);
  if (io.ask !== undefined) return;
  await confirm(io, `Backfill ${config.bucket}?`, { yes: flags.yes, command: commandLineOf(flags) });
}

/**
 * `legisync backfill`: starts or resumes a run, and follows it to its end. Ctrl-C ends the waiting
 * only.
 */
export async function backfill(session: Session, flags: BackfillFlags): Promise<Outcome> {
  const { config, io } = session;
  const request = readBackfillFlags(flags, config);
  const supabase = await requireSupabase(config);
  if (flags.yes !== true) {
    const asked = await questionOf(supabase, config, request);
    if ('nothingToDo' in asked) return asked.nothingToDo;
    const goAhead = await confirm(io, asked.question, { yes: flags.yes, command: commandLineOf(flags) });
    if (!goAhead) return DECLINED;
  }
  await warnWithoutWorkers(session);
  const handle = await start(session, request);
  if (flags.detach === true) {
    return {
      data: { workflowId: handle.workflowId },
      lines: [`Started as ${handle.workflowId}. Follow it with: legisync backfill status --wait`],
    };
  }
  return reportOf(await followBackfill(session, handle));
}

/** The question before a run starts; or the outcome, if the run would find nothing to do. */
async function questionOf(
  supabase: Supabase,
  { bucket }: Pick<Config, 'bucket'>,
  request: BackfillRequest,
): Promise<{ readonly question: string } | { readonly nothingToDo: Outcome }> {
  const last = await supabase.backfill.last(bucket);
  if (request.start === 'resume') return { question: resumeQuestion(bucket, last) };
  const plan = await countedPlan(supabase, bucket, request);
  if (plan === null) {
    return { question: `The database timed out while counting ${bucket}. Continue without the counts?` };
  }
  if (request.start === 'new' && isNothingToDo(plan, request.options))
    return { nothingToDo: nothingToDo(plan, request) };
  const lines = describePlan(plan, request, expectationOf(plan, request, last));
  return { question: [...lines, 'Continue?'].join('\n') };
}

/**
 * Null if the database cancels the counting. A run works in chunks and does not need the counts.
 */
async function countedPlan(
  supabase: Supabase,
  bucket: string,
  { options }: BackfillRequest,
): Promise<BackfillPlan | null> {
  return await nullOnTimeout(() => supabase.backfill.plan(bucket, options.prefix));
}

function resumeQuestion(bucket: string, last: BackfillRun | null): string {
  return last?.state === 'running'
    ? `Run ${last.id} of ${bucket} has read ${last.scanned} objects and queued ${last.queued}. Continue it?`
    : `Resume the unfinished run of ${bucket}?`;
}

/** @throws CommandError `ALREADY_RUNNING` or `WORKFLOW_STUCK` */
async function start(
  session: Session,
  { start: how, options, chunk }: BackfillRequest,
): Promise<WorkflowHandle> {
  const { bucket } = session.config;
  const input: BackfillInput = { bucket, start: how, options, chunk };
  const { handle, started } = await startOrJoin(session, {
    type: WORKFLOWS.backfill,
    workflowId: backfillWorkflowId(bucket),
    input,
    attributes: stateAttributes('backfilling'),
    priorityKey: PRIORITY.backfill,
    summary: `Backfill of files_queue from ${bucket}`,
    details:
      `Queues every file of ${bucket} without a row, in chunks of ${chunk}. Cancelling or terminating it loses ` +
      'nothing: `legisync backfill --resume` continues after the last committed chunk.',
  });
  if (started) return handle;
  await failIfStuck(session, handle.workflowId);
  throw new CommandError(
    EXIT.refused,
    'ALREADY_RUNNING',
    `A backfill of ${bucket} is already running. Only one can run at a time.`,
    'legisync backfill status --wait',
  );
}

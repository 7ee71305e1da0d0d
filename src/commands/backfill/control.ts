import type { BackfillProgress, BackfillRun } from '../../contract/backfill.ts';
import { backfillWorkflowId } from '../../contract/names.ts';
import { CommandError, EXIT } from '../../cli/exit.ts';
import { describeEnd } from '../../cli/inspect/ended.ts';
import { withDeadline, type Outcome, type Session } from '../../cli/run.ts';
import { requireSupabase } from '../../cli/supabase.ts';
import {
  queryProgress,
  runningWorkflow,
  updateWorkflow,
  type ProgressUpdate,
  type Subject,
} from '../../cli/workflow.ts';
import { describeBackfill, followBackfill, reportOf } from './follow.ts';

function subjectOf({ config }: Session): Subject {
  return {
    workflowId: backfillWorkflowId(config.bucket),
    label: `A backfill of ${config.bucket}`,
    startCommand: 'legisync backfill',
    statusCommand: 'legisync backfill status',
  };
}

/** `legisync backfill status`: the running backfill, or else the last run in the database. */
export async function backfillStatus(
  session: Session,
  { wait }: { readonly wait?: boolean | undefined },
): Promise<Outcome> {
  const subject = subjectOf(session);
  try {
    if (wait === true) {
      return reportOf(await followBackfill(session, await runningWorkflow(session, subject)));
    }
    return outcomeOf(await queryProgress<BackfillProgress>(session, subject));
  } catch (error) {
    if (!(error instanceof CommandError) || error.exitCode !== EXIT.notRunning) throw error;
    return lastRun(session);
  }
}

async function lastRun(session: Session): Promise<Outcome> {
  const { bucket } = session.config;
  const run = await (await requireSupabase(session.config)).backfill.last(bucket);
  const data = { running: false, run };
  if (run === null) return { data, lines: [`There has been no backfill of ${bucket} yet.`] };
  if (run.state === 'completed') return { ...reportOf({ run, timeouts: 0 }), data };
  const ended = await describeEnd(session, subjectOf(session).workflowId, 'Its workflow');
  return { data, lines: describeIncomplete(run, ended) };
}

/** @param ended how its workflow ended; '' if that is not known */
function describeIncomplete(
  { id, bucket, state, scanned, queued, chunks }: BackfillRun,
  ended: string,
): string[] {
  const unfinished = state === 'running';
  return [
    `Run ${id} of ${bucket} is ${unfinished ? 'unfinished, and no workflow is working on it' : 'abandoned'}: ` +
      `${scanned} objects read, ${queued} queued, ${chunks} chunks.`,
    ...(unfinished && ended !== '' ? [ended] : []),
    `Next: legisync backfill${unfinished ? ' --resume' : ''}`,
  ];
}

/** `legisync backfill pause|resume`: sends the Update and shows the state after it. */
export async function controlBackfill(
  session: Session,
  update: ProgressUpdate<BackfillProgress>,
): Promise<Outcome> {
  return outcomeOf(await updateWorkflow(session, subjectOf(session), update));
}

function outcomeOf(progress: BackfillProgress): Outcome {
  return { data: { running: true, progress }, lines: [describeBackfill(progress)] };
}

/**
 * `legisync backfill stop`: ends the workflow. Committed chunks stay, and the run can be resumed.
 */
export async function backfillStop(session: Session): Promise<Outcome> {
  const subject = subjectOf(session);
  const handle = await runningWorkflow(session, subject);
  await withDeadline(session, () => handle.cancel());
  return {
    data: { workflowId: subject.workflowId, cancelled: true },
    lines: [`${subject.workflowId} is stopping; continue it with: legisync backfill --resume`],
  };
}

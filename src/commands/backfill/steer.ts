import type { BackfillProgress } from '../../contract/backfill.ts';
import { backfillWorkflowId } from '../../contract/names.ts';
import {
  askProgress,
  pauseWord,
  resumeWord,
  runningWorkflow,
  updateWorkflow,
  type Subject,
} from '../../cli/askWorkflow.ts';
import { describeBackfill, followBackfill, reportOf } from './follow.ts';
import { CommandError, EXIT } from '../../cli/exit.ts';
import { withDeadline, type Outcome, type Session } from '../../cli/run.ts';
import { requireSupabase } from '../../cli/supabase.ts';

function subjectOf({ config }: Session): Subject {
  return {
    workflowId: backfillWorkflowId(config.bucket),
    label: `A backfill of ${config.bucket}`,
    startCommand: 'legisync backfill',
    statusCommand: 'legisync backfill status',
  };
}

/** `legisync backfill status`: the running one, else what the database knows of the last run. */
export async function backfillStatus(
  session: Session,
  { wait }: { readonly wait?: boolean | undefined },
): Promise<Outcome> {
  const subject = subjectOf(session);
  try {
    if (wait === true)
      return reportOf(await followBackfill(session, await runningWorkflow(session, subject)));
    const progress = await askProgress<BackfillProgress>(session, subject);
    return { data: { running: true, progress }, lines: [describeBackfill(progress)] };
  } catch (error) {
    if (!(error instanceof CommandError) || error.exitCode !== EXIT.notRunning) throw error;
    return lastRun(session);
  }
}

async function lastRun(session: Session): Promise<Outcome> {
  const { bucket } = session.config;
  const run = await (await requireSupabase(session.config)).backfill.last(bucket);
  const data = { running: false, run };
  if (run === null) return { data, lines: [`No backfill of ${bucket} has run yet.`] };
  if (run.state === 'completed') return { ...reportOf({ run, timeouts: 0 }), data };
  return {
    data,
    lines: [
      `Run ${run.id} of ${bucket} is ${run.state === 'running' ? 'unfinished, and no workflow is at it' : 'abandoned'}: ` +
        `${run.scanned} objects seen, ${run.queued} queued, ${run.chunks} chunks.`,
      `Next: legisync backfill${run.state === 'running' ? ' --resume' : ''}`,
    ],
  };
}

/** `legisync backfill pause|resume`: sends the Update and shows the state that it left. */
export async function backfillSteer(
  session: Session,
  verb: { readonly name: 'pause'; readonly reason?: string | undefined } | { readonly name: 'resume' },
): Promise<Outcome> {
  const word =
    verb.name === 'pause' ? pauseWord<BackfillProgress>(verb.reason) : resumeWord<BackfillProgress>();
  const progress = await updateWorkflow(session, subjectOf(session), word);
  return { data: { running: true, progress }, lines: [describeBackfill(progress)] };
}

/** `legisync backfill stop`: ends the workflow; what was committed stays, and the run can be resumed. */
export async function backfillStop(session: Session): Promise<Outcome> {
  const subject = subjectOf(session);
  const handle = await runningWorkflow(session, subject);
  await withDeadline(session, () => handle.cancel());
  return {
    data: { workflowId: subject.workflowId, cancelled: true },
    lines: [`${subject.workflowId} ends; go on with: legisync backfill --resume`],
  };
}

import { LANES, type MassiveProgress } from '../../contract/collecting.ts';
import { massiveWorkflowId } from '../../contract/names.ts';
import { sendUpdate, type Verb } from './ask.ts';
import { namesOf } from '../../cli/collectionNames.ts';
import { CommandError, EXIT } from '../../cli/exit.ts';
import { untilInterrupted } from '../../cli/interrupt.ts';
import type { Outcome, Session } from '../../cli/run.ts';
import { describeStart, startMassive } from './start.ts';
import { warnWithoutWorkers } from '../../cli/workers.ts';

/** `legisync massive start` */
export async function massiveStart(session: Session, named: string | undefined): Promise<Outcome> {
  const collections = [];
  for (const name of massiveNames(session, named)) collections.push(await startMassive(session, name));
  await warnWithoutWorkers(session);
  return { data: { collections }, lines: collections.map(describeStart) };
}

/** `legisync massive pause|resume|stop|concurrency`: sends the Update and shows the state that it left. */
export async function massiveSteer(
  session: Session,
  named: string | undefined,
  verb: Verb,
): Promise<Outcome> {
  const collections: MassiveProgress[] = [];
  for (const name of massiveNames(session, named)) {
    const progress = await sendUpdate(session, name, verb);
    const wait = verb.name === 'stop' && verb.wait === true;
    collections.push(wait ? await waitForEnd(session, progress) : progress);
  }
  return { data: { collections }, lines: collections.map(describeProgress) };
}

/**
 * Waits until a collection that was told to stop has ended: usually seconds; where the rows of what was uploaded cannot
 * be written, as long as that outage lasts. Ctrl-C ends the waiting only.
 */
async function waitForEnd(
  { temporal, io }: Session,
  { collection }: MassiveProgress,
): Promise<MassiveProgress> {
  const workflowId = massiveWorkflowId(collection);
  const handle = temporal.client.workflow.getHandle(workflowId);
  return untilInterrupted(async (interrupted) => {
    io.err(`Waiting for the end of ${workflowId} (Ctrl-C ends the waiting only) …`);
    try {
      return (await temporal.connection.withAbortSignal(interrupted, () =>
        handle.result(),
      )) as MassiveProgress;
    } catch (error) {
      if (!interrupted.aborted) throw error;
      throw new CommandError(
        EXIT.interrupted,
        'INTERRUPTED',
        `Stopped waiting. MASSIVE of ${collection} ends by itself.`,
        `legisync massive status ${collection}`,
      );
    }
  });
}

/** One line for people. */
export function describeProgress({
  collection,
  state,
  controls,
  pass,
  busy,
  totals,
}: MassiveProgress): string {
  return (
    `${collection}: ${state}, pass ${pass}, ${busy} of ${controls.lanes} lanes busy; uploaded ${totals.uploaded}, ` +
    `unchanged ${totals.unchanged}, queued ${totals.queued}, requeued ${totals.requeued}, failed ${totals.failed}`
  );
}

/** Reads the number of lanes. @throws CommandError where it is out of bounds. */
export function parseLanes(text: string): number {
  const lanes = Number(text);
  if (/^\d+$/.test(text) && lanes >= LANES.min && lanes <= LANES.max) return lanes;
  throw new CommandError(
    EXIT.usage,
    'USAGE',
    `The number of lanes must be a whole number from ${LANES.min} to ${LANES.max}; it is ${JSON.stringify(text)}.`,
    'legisync massive concurrency 4',
  );
}

/** The collections that a `massive` command is about. */
export function massiveNames({ config }: Session, named: string | undefined): readonly string[] {
  return namesOf(named, { setting: 'LEGISYNC_MASSIVE', names: config.massive.collections });
}

import type { MassiveProgress } from '../../contract/collecting.ts';
import { LANES } from '../../contract/limits.ts';
import { massiveWorkflowId } from '../../contract/names.ts';
import { namesOf } from '../../cli/collectionNames.ts';
import { failIfStuck } from '../../cli/inspect/stuck.ts';
import { retryNow } from '../../cli/inspect/retryNow.ts';
import { waitForResult } from '../../cli/interrupt.ts';
import type { Outcome, Session } from '../../cli/run.ts';
import { readWholeNumber } from '../../cli/wholeNumber.ts';
import { warnWithoutWorkers } from '../../cli/workers.ts';
import { describeStart, startMassive, type MassiveStart } from './start.ts';
import { sendUpdate, type OperatorCommand } from './workflow.ts';

/** `legisync massive start` */
export async function massiveStart(session: Session, named: string | undefined): Promise<Outcome> {
  const collections = [];
  for (const name of massiveNames(session, named)) collections.push(await startMassive(session, name));
  await warnWithoutWorkers(session);
  await failIfOneIsStuck(session, collections);
  return { data: { collections }, lines: collections.map(describeStart) };
}

/**
 * Checks the collections that already ran. One that was just started has not failed yet.
 *
 * @throws CommandError `WORKFLOW_STUCK` for the first whose workflow tasks fail
 */
export async function failIfOneIsStuck(
  session: Session,
  collections: readonly Pick<MassiveStart, 'workflowId' | 'started'>[],
): Promise<void> {
  for (const { workflowId, started } of collections) if (!started) await failIfStuck(session, workflowId);
}

/**
 * `legisync massive pause|resume|stop|concurrency`: sends the Update and shows the state after it.
 * `resume` also starts the next attempt of failed activities, first: the Update may have to wait for
 * what fails.
 */
export async function controlMassive(
  session: Session,
  named: string | undefined,
  command: OperatorCommand,
): Promise<Outcome> {
  const collections: MassiveProgress[] = [];
  const retried: { readonly collection: string; readonly activities: number }[] = [];
  for (const name of massiveNames(session, named)) {
    if (command.name === 'resume') {
      retried.push({ collection: name, activities: await retryNow(session, massiveWorkflowId(name)) });
    }
    const progress = await sendUpdate(session, name, command);
    const wait = command.name === 'stop' && command.wait === true;
    collections.push(wait ? await waitForEnd(session, progress) : progress);
  }
  return {
    data: { collections, ...(command.name === 'resume' ? { retried } : {}) },
    lines: [
      ...collections.map(describeProgress),
      ...retried
        .filter(({ activities }) => activities > 0)
        .map(
          ({ collection, activities }) => `${collection}: failed activities tried again now: ${activities}`,
        ),
    ],
  };
}

/**
 * Waits until a stopped collection has ended: usually seconds. If the rows of uploaded documents
 * cannot be written, it takes as long as that outage.
 */
function waitForEnd(session: Session, { collection }: MassiveProgress): Promise<MassiveProgress> {
  const workflowId = massiveWorkflowId(collection);
  return waitForResult(session, session.temporal.client.workflow.getHandle(workflowId), {
    announcement: `Waiting for the end of ${workflowId} (Ctrl-C ends the waiting only) …`,
    afterwards: `MASSIVE of ${collection} is still stopping.`,
    next: `legisync massive status ${collection}`,
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

/** Reads the number of lanes. @throws CommandError `USAGE` if it is out of bounds */
export function readLanes(text: string): number {
  return readWholeNumber(text, LANES, {
    name: 'The number of lanes',
    next: 'legisync massive concurrency 4',
  });
}

/** The collections that a `massive` command is about. */
export function massiveNames({ config }: Session, named: string | undefined): readonly string[] {
  return namesOf(named, { setting: 'LEGISYNC_MASSIVE', names: config.massive.collections });
}

import type { MassiveProgress } from '../../contract/collecting.ts';
import { remedyOf } from '../../contract/failures.ts';
import type { Config } from '../../config/config.ts';
import { LANES, MAX_DUE_COUNTED } from '../../contract/limits.ts';
import { massiveWorkflowId } from '../../contract/names.ts';
import { definitionOf, namesOf } from '../../cli/collectionNames.ts';
import { retryNow } from '../../cli/inspect/retryNow.ts';
import { warnIfStuck } from '../../cli/inspect/stuck.ts';
import { waitForResult } from '../../cli/interrupt.ts';
import type { Outcome, Session } from '../../cli/run.ts';
import { exitCodeOf } from '../../cli/starting/firstFailure.ts';
import { localTime } from '../../cli/text/time.ts';
import { readWholeNumber } from '../../cli/wholeNumber.ts';
import { describeStart, startAll } from './start.ts';
import { sendUpdate, type OperatorCommand } from './workflow.ts';

/** Checks the arguments of `legisync massive start`. @throws CommandError `UNKNOWN_COLLECTION` */
export function checkStart(config: Config, named: string | undefined): void {
  for (const name of massiveNames(config, named)) definitionOf(config, name);
}

/** `legisync massive start` */
export async function massiveStart(session: Session, named: string | undefined): Promise<Outcome> {
  const collections = await startAll(session, massiveNames(session.config, named));
  return {
    data: { collections },
    lines: collections.flatMap(describeStart),
    exitCode: exitCodeOf(collections.map(({ problem }) => problem)),
  };
}

/**
 * `legisync massive pause|resume|stop|lanes`: sends the Update and shows the state after it.
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
  for (const name of massiveNames(session.config, named)) {
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
      ...collections.flatMap((progress) => [describeProgress(progress), ...describeHoldUp(progress)]),
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
    meanwhile: (over) => warnIfStuck(session, workflowId, over),
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
  pauseReason,
}: MassiveProgress): string {
  const reason = pauseReason === '' ? '' : ` (${pauseReason})`;
  return (
    `${collection}: ${state}${reason}, pass ${pass}, ${busy} of ${controls.lanes} lanes busy; ` +
    `uploaded ${totals.uploaded}, unchanged ${totals.unchanged}, queued ${totals.queued}, ` +
    `requeued ${totals.requeued}, failed attempts ${totals.failedAttempts}`
  );
}

/** How fast a collection is, and what its pass has left: one line for people, or none. */
export function describePace({ rate, backlog, secondsLeft }: MassiveProgress): string[] {
  if (backlog === null) return [];
  const { due, openSlices } = backlog;
  const isCounted = due < MAX_DUE_COUNTED;
  const atLeast = isCounted && openSlices === 0 ? '' : 'at least ';
  const speed = rate === null ? '' : `${rate.toFixed(1)} documents per second, `;
  const left = secondsLeft === null ? '' : `: ${atLeast}${Math.ceil(secondsLeft / 60)} min left`;
  const slices = openSlices === 0 ? '' : `, ${openSlices} slices still to list`;
  return [`  ${speed}due ${due}${isCounted ? '' : ' or more'}${slices}${left}`];
}

/** What holds up a collection, and what to do about it: two lines for people, or none. */
export function describeHoldUp({ collection, holdUp }: MassiveProgress): string[] {
  if (holdUp === null) return [];
  const { code, message, since, nextTry } = holdUp;
  return [
    `  held up since ${localTime(since)}, next try ${localTime(nextTry)}: ${code}: ${message}`,
    `  Next: ${remedyOf(code)} To try now: legisync massive resume ${collection}`,
  ];
}

/** Reads the number of lanes. @throws CommandError `USAGE` if it is out of bounds */
export function readLanes(text: string): number {
  return readWholeNumber(text, LANES, {
    name: 'The number of lanes',
    next: 'legisync massive lanes 4',
  });
}

/** The collections that a `massive` command is about. */
export function massiveNames(config: Pick<Config, 'massive'>, named: string | undefined): readonly string[] {
  return namesOf(named, { setting: 'LEGISYNC_MASSIVE', names: config.massive.collections });
}

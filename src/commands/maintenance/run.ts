import type { Config } from '../../config/config.ts';
import type { Collection } from '../../contract/collections.ts';
import type { MaintenanceInput, MaintenanceResult } from '../../contract/collecting.ts';
import { MAX_BATCH, PRIORITY } from '../../contract/limits.ts';
import { maintenanceWorkflowId, WORKFLOWS } from '../../contract/names.ts';
import { startAttributes } from '../../temporal/searchAttributes.ts';
import { definitionOf, namesOf } from '../../cli/collectionNames.ts';
import { CommandError, EXIT } from '../../cli/exit.ts';
import { failIfStuck, warnIfStuck } from '../../cli/inspect/stuck.ts';
import { waitForResult } from '../../cli/interrupt.ts';
import type { Outcome, Session } from '../../cli/run.ts';
import { warnOfFirstFailure } from '../../cli/starting/firstFailure.ts';
import { startOrJoin } from '../../cli/startWorkflow.ts';
import { readWholeNumber } from '../../cli/wholeNumber.ts';
import { warnWithoutWorkers } from '../../cli/workers.ts';

export interface MaintenanceOptions {
  /** Only these sources, separated by commas. */
  readonly sources?: string | undefined;
  /** Maximum number of documents; default: the setting. */
  readonly limit?: string | undefined;
  /** Start the run and do not wait for its result. */
  readonly detach?: boolean | undefined;
}

interface MaintenanceRun {
  readonly collection: string;
  readonly workflowId: string;
  /**
   * False if a run was already in progress: this is its result, with the options that it was
   * started with.
   */
  readonly started: boolean;
  /** Null with `--detach`. */
  readonly result: MaintenanceResult | null;
}

/** `legisync maintenance run`: one run for each collection, one after the other. */
export async function maintenanceRun(
  session: Session,
  named: string | undefined,
  options: MaintenanceOptions,
): Promise<Outcome> {
  const inputs = maintenanceInputs(session.config, named, options);
  await warnWithoutWorkers(session);
  const runs: MaintenanceRun[] = [];
  for (const input of inputs) runs.push(await runOne(session, input, options.detach === true));
  return { data: { runs }, lines: runs.map(describeRun) };
}

/** The input of each run. @throws CommandError `USAGE`, `UNKNOWN_COLLECTION` or `UNKNOWN_SOURCE` */
export function maintenanceInputs(
  config: Config,
  named: string | undefined,
  options: MaintenanceOptions,
): MaintenanceInput[] {
  const { collections, limit } = config.maintenance;
  const names = namesOf(named, { setting: 'LEGISYNC_MAINTENANCE', names: collections });
  return names.map((name) => inputOf(definitionOf(config, name), options, limit));
}

/** The input of a run. @throws CommandError if a source is unknown or the limit is out of bounds */
function inputOf(
  definition: Collection,
  options: MaintenanceOptions,
  defaultLimit: number,
): MaintenanceInput {
  const collection = definition.name;
  const limit = options.limit === undefined ? defaultLimit : readLimit(options.limit);
  if (options.sources === undefined) return { collection, limit };
  const known = definition.sources.map(({ name }) => name);
  const sources = options.sources.split(',').map((name) => name.trim());
  const unknown = sources.filter((name) => !known.includes(name));
  if (unknown.length === 0) return { collection, sources, limit };
  throw new CommandError(
    EXIT.usage,
    'UNKNOWN_SOURCE',
    `Collection ${collection} has no source ${JSON.stringify(unknown.join(', '))}; it has: ${known.join(', ')}.`,
    `legisync maintenance run ${collection} --sources ${known.join(',')}`,
  );
}

/** A run is one batch at most. */
function readLimit(text: string): number {
  return readWholeNumber(
    text,
    { min: 1, max: MAX_BATCH },
    { name: '--limit', next: `legisync maintenance run --limit ${MAX_BATCH}` },
  );
}

async function runOne(session: Session, input: MaintenanceInput, detach: boolean): Promise<MaintenanceRun> {
  const { collection } = input;
  const workflowId = maintenanceWorkflowId(collection);
  const { handle, started } = await startOrJoin(session, {
    type: WORKFLOWS.maintenance,
    workflowId,
    input,
    attributes: startAttributes(collection, 'collecting'),
    priorityKey: PRIORITY.maintenance,
    summary: `MAINTENANCE of ${collection} by hand: at most ${input.limit} documents`,
  });
  if (!started) {
    await failIfStuck(session, workflowId);
    session.io.err(`A run of ${collection} is already in progress; joining it.`);
  }
  if (detach) await warnOfFirstFailure(session, handle);
  const result = detach
    ? null
    : await waitForResult<MaintenanceResult>(session, handle, {
        announcement: `Waiting for ${workflowId} (Ctrl-C ends the waiting, not the run) …`,
        afterwards: `Workflow ${workflowId} continues.`,
        next: `the same command waits again; temporal workflow cancel --workflow-id ${workflowId} ends the run`,
        meanwhile: async (over) => {
          await warnOfFirstFailure(session, handle, over);
          await warnIfStuck(session, workflowId, over);
        },
      });
  return { collection, workflowId, started, result };
}

function describeRun({ collection, workflowId, result }: MaintenanceRun): string {
  if (result === null) return `${collection}: running as ${workflowId}`;
  const { queued, requeued, unchanged, failedAttempts } = result.totals;
  const reason =
    result.problem === undefined ? undefined : `${result.problem.code}: ${result.problem.message}`;
  const early = reason === undefined ? '' : `; ended early: ${reason}`;
  return `${collection}: queued ${queued}, requeued ${requeued}, unchanged ${unchanged}, failed attempts ${failedAttempts}${early}`;
}

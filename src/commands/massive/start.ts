import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { Config } from '../../config/config.ts';
import type { Controls, MassiveInput } from '../../contract/collecting.ts';
import { massiveWorkflowId, PRIORITY, WORKFLOWS } from '../../contract/names.ts';
import { startAttributes } from '../../temporal/searchAttributes.ts';
import { definitionOf } from '../../cli/collectionNames.ts';
import { withDeadline, type Session } from '../../cli/run.ts';
import { openSupabase } from '../../cli/supabase.ts';

/** What came of asking for a MASSIVE collection. */
export interface MassiveStart {
  readonly collection: string;
  readonly workflowId: string;
  /** False where it was running already: nothing was changed then. */
  readonly started: boolean;
  readonly controls: Controls;
}

/**
 * Starts the MASSIVE workflow of a collection, unless it is running: there is one at most, by its id.
 *
 * The server decides, in one step: asking first and starting then would let two clients start at once. The workflow
 * begins with the controls that an operator last set, so a paused collection is still paused after Temporal's database
 * was lost.
 */
export async function startMassive(session: Session, collection: string): Promise<MassiveStart> {
  const { config, temporal } = session;
  const { sources } = definitionOf(config, collection);
  const controls = await keptControls(config, collection);
  const workflowId = massiveWorkflowId(collection);
  const input: MassiveInput = { collection, controls };
  try {
    await withDeadline(session, () =>
      temporal.client.workflow.start(WORKFLOWS.massive, {
        workflowId,
        taskQueue: config.taskQueue,
        args: [input],
        workflowIdConflictPolicy: 'FAIL',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        typedSearchAttributes: startAttributes(collection, controls.paused ? 'paused' : 'collecting'),
        priority: { priorityKey: PRIORITY.massive },
        staticSummary: `MASSIVE collection of ${collection}`,
        staticDetails: `Sources: ${sources.map(({ name, kind }) => `${name} (${kind})`).join(', ')}. Runs until it is stopped: \`legisync massive stop ${collection}\`.`,
      }),
    );
    return { collection, workflowId, started: true, controls };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError)
      return { collection, workflowId, started: false, controls };
    throw error;
  }
}

async function keptControls(config: Config, collection: string): Promise<Controls> {
  const supabase = await openSupabase(config);
  return (await supabase?.catalogue.controls(collection)) ?? { paused: false, lanes: config.massive.lanes };
}

/** One line for people. */
export function describeStart({ collection, started, controls }: MassiveStart): string {
  if (!started) return `${collection}: already running; nothing to do`;
  return controls.paused
    ? `${collection}: started, and paused as it was before; go on with: legisync massive resume ${collection}`
    : `${collection}: started with ${controls.lanes} lanes`;
}

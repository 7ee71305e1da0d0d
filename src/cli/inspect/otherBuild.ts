import { WorkflowNotFoundError } from '@temporalio/client';
import { lastBuildOf } from '../../temporal/deployment.ts';
import { withDeadline, type Session } from '../run.ts';
import { workersOf } from '../workers.ts';

/** A running workflow whose last build no worker has. */
export interface OtherBuild {
  readonly workflowId: string;
  /** The build that completed its last workflow task. */
  readonly build: string;
  /** The builds of the workers that are alive. */
  readonly workers: readonly string[];
}

/**
 * Whether workers of another build must continue a workflow: they replay its history, which fails if
 * the workflow's code has changed.
 *
 * @returns null if one of the workers has the build, if none is alive, or if the workflow does not
 * run
 */
export async function otherBuild(session: Session, workflowId: string): Promise<OtherBuild | null> {
  const builds = (await workersOf(session)).map(({ buildId }) => buildId);
  const known = builds.filter((build) => build !== null);
  // One whose build is not known may have it.
  if (known.length === 0 || known.length < builds.length) return null;
  const description = await withDeadline(session, () =>
    session.temporal.client.workflow.getHandle(workflowId).describe(),
  ).catch(noneIfNotFound);
  if (description?.status.name !== 'RUNNING') return null;
  const build = lastBuildOf(description);
  if (build === null || known.includes(build)) return null;
  return { workflowId, build, workers: [...new Set(known)] };
}

/** What {@link otherBuild} means, in two lines for people. */
export function describeOtherBuild({ workflowId, build, workers }: OtherBuild): string[] {
  return [
    `OTHER_BUILD: build ${build} worked on ${workflowId}, but the workers are of build ${workers.join(', ')}: if the workflow code has changed, it may not continue.`,
    `Next: if its state becomes WORKFLOW_STUCK, start workers of build ${build} again. See "Upgrading workers" in docs/operations.md.`,
  ];
}

/** @throws the error, if it is another one */
function noneIfNotFound(error: unknown): undefined {
  if (error instanceof WorkflowNotFoundError) return undefined;
  throw error;
}

import type { ConnectionLike } from '@temporalio/client';
import { buildsOf } from '../temporal/deployment.ts';
import { GRPC, grpcCodeOf } from '../temporal/grpc.ts';
import { POLLER_MS } from '../temporal/workers.ts';

/** Whether a worker can be given work, and every reason why not. */
export interface Readiness {
  readonly ready: boolean;
  /** One sentence each; empty if it is ready. */
  readonly reasons: readonly string[];
}

/** What is asked about a worker. */
export interface ReadinessOptions {
  readonly connection: Pick<ConnectionLike, 'workflowService' | 'withDeadline'>;
  readonly namespace: string;
  readonly taskQueue: string;
  /** Unique among the workers of the task queue. */
  readonly identity: string;
  /** Undefined without worker versioning: then each build may be given work. */
  readonly buildId: string | undefined;
  /** The SDK's own state of the worker. It polls in state `RUNNING`. */
  readonly state: () => string;
  /** In milliseconds. Default: `Date.now`. */
  readonly now?: () => number;
}

/** The server has this long for all questions. Shorter than the time-out of usual probes. */
const ANSWER_MS = 2_000;

/** Probes within this time get the same answer, so that they cannot load the server. */
export const FRESH_MS = 2_000;

const NO_ANSWER: readonly (number | undefined)[] = [
  undefined,
  GRPC.cancelled,
  GRPC.deadlineExceeded,
  GRPC.unavailable,
];

/**
 * Asks the server whether it knows this worker as a poller, and whether the worker's build is
 * current. Concurrent calls share one question.
 *
 * @returns a function that never throws
 */
export function createReadiness(options: ReadinessOptions): () => Promise<Readiness> {
  const now = options.now ?? Date.now;
  let last: { readonly askedAt: number; readonly answer: Promise<Readiness> } | undefined;
  return () => {
    if (last === undefined || now() - last.askedAt >= FRESH_MS) {
      last = { askedAt: now(), answer: ask(options, now()) };
    }
    return last.answer;
  };
}

async function ask(options: ReadinessOptions, now: number): Promise<Readiness> {
  const { connection, state } = options;
  if (state() !== 'RUNNING') return readiness([`The worker is not running: its state is ${state()}.`]);
  try {
    // The end of the deadline is that of a gRPC call, which is by the clock of this process.
    const deadline = Date.now() + ANSWER_MS;
    return readiness(await connection.withDeadline(deadline, () => reasonsOf(options, now)));
  } catch (error) {
    return readiness([whyNoAnswer(error)]);
  }
}

/** Without the server's text, which may repeat a key. */
function whyNoAnswer(error: unknown): string {
  const code = grpcCodeOf(error);
  return NO_ANSWER.includes(code)
    ? `The Temporal server did not answer within ${ANSWER_MS / 1_000} s.`
    : `The Temporal server refused the question with gRPC status ${code}.`;
}

function readiness(reasons: readonly string[]): Readiness {
  return { ready: reasons.length === 0, reasons };
}

async function reasonsOf(options: ReadinessOptions, now: number): Promise<string[]> {
  const { connection, namespace, taskQueue, buildId } = options;
  const reasons: string[] = [];
  if (!(await polls(options, now))) reasons.push('The worker does not poll its task queue.');
  if (buildId === undefined) return reasons;
  const builds = await buildsOf(connection.workflowService, { namespace, taskQueue });
  const status = builds.find((build) => build.buildId === buildId)?.status;
  if (status !== 'current') {
    reasons.push(`The build ${buildId} is ${status ?? 'unknown'}, not current. Next: legisync up`);
  }
  return reasons;
}

/**
 * Whether it polls for workflow tasks. A worker whose places for activities are all taken does not
 * poll for activities, and is as ready as before.
 */
async function polls(
  { connection, namespace, taskQueue, identity }: ReadinessOptions,
  now: number,
): Promise<boolean> {
  const { pollers } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: taskQueue },
  });
  return pollers.some(
    (poller) =>
      poller.identity === identity && now - Number(poller.lastAccessTime?.seconds ?? 0) * 1_000 < POLLER_MS,
  );
}

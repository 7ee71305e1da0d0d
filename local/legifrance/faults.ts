import { z } from 'zod';
import { hash } from './corpus/random.ts';

/** Maximum number of pending faults; reaching it means a bug in a test. */
const MAX_WAITING = 1000;

const target = {
  /** A regular expression over the path of the request. Default: every path. */
  path: z.string().max(200).refine(isRegularExpression, 'path must be a regular expression').default(''),
  /** Only requests whose body names this document (`id` or `textId`). */
  id: z.string().min(1).max(100).optional(),
  /** How many answers it affects, 1 to 1,000,000. Default 1. */
  times: z.int().min(1).max(1_000_000).default(1),
};

export const faultSchema = z.discriminatedUnion('kind', [
  /** An HTTP error: 500 and 400 with a body of the application, others with a body of a gateway. */
  z.strictObject({
    ...target,
    kind: z.literal('status'),
    status: z.int().min(400).max(599),
    retryAfterSeconds: z.int().min(0).max(3600).optional(),
  }),
  /** HTTP 401 `invalid_client`, which PISTE sends temporarily during bursts. */
  z.strictObject({ ...target, kind: z.literal('invalidClient') }),
  /**
   * An HTTP error whose text repeats the client secret of a request for a token, or the access token
   * of another one: as it is, URL-encoded, in base64 and escaped in JSON.
   */
  z.strictObject({
    ...target,
    kind: z.literal('echo'),
    status: z.int().min(400).max(599).default(400),
  }),
  /** A gateway's HTML page instead of JSON. */
  z.strictObject({ ...target, kind: z.literal('html'), status: z.int().min(200).max(599).default(502) }),
  /** The real answer, truncated in the middle. */
  z.strictObject({ ...target, kind: z.literal('truncated') }),
  /** HTTP 200 with `executionTime` only. */
  z.strictObject({ ...target, kind: z.literal('degenerate') }),
  /** The real answer, delayed. */
  z.strictObject({ ...target, kind: z.literal('slow'), delayMs: z.int().min(1).max(600_000) }),
  /** A reset of the connection, without an answer. */
  z.strictObject({ ...target, kind: z.literal('reset') }),
  /**
   * The answer to a consult of an unknown document, with this probability each time. PISTE's APIs
   * answer so for documents that exist. The same seed gives the same answers to the same sequence of
   * requests for a document. Without `status` the answer is that of the route for an unknown id:
   * 200 without an article, or 400. Valid documents have also been seen to get 400 and 404.
   */
  z.strictObject({
    ...target,
    kind: z.literal('notFound'),
    path: target.path.default('/consult/(getArticle|juri)$'),
    times: target.times.default(1_000_000),
    probability: z.number().gt(0).max(1).default(1),
    status: z.union([z.literal(400), z.literal(404)]).optional(),
    seed: z.int().min(0).max(0xffff_ffff).default(1),
  }),
]);

/** A fault to inject, as in tests and `POST /_control`. */
export type FaultInput = z.input<typeof faultSchema>;
export type Fault = z.output<typeof faultSchema>;

interface Waiting {
  readonly fault: Fault;
  readonly path: RegExp;
  left: number;
  /** Requests of each document that a fault with a probability has met. */
  readonly met: Map<string, number>;
}

/** Pending faults, in the order in which they were added. */
export class Faults {
  readonly #waiting: Waiting[] = [];

  /** @throws RangeError if too many faults are pending. */
  add(fault: Fault): void {
    if (this.#waiting.length >= MAX_WAITING) {
      throw new RangeError(
        `${this.#waiting.length} faults wait already, the most there may be; send "clearFaults" first.`,
      );
    }
    this.#waiting.push({ fault, path: new RegExp(fault.path, 'u'), left: fault.times, met: new Map() });
  }

  /** The fault for a request; its remaining count decreases by one. */
  take(path: string, id: string | undefined): Fault | undefined {
    const at = this.#waiting.findIndex(
      (waiting) =>
        waiting.path.test(path) &&
        (waiting.fault.id === undefined || waiting.fault.id === id) &&
        happens(waiting, id ?? ''),
    );
    const hit = this.#waiting[at];
    if (hit === undefined) return undefined;
    hit.left -= 1;
    if (hit.left === 0) this.#waiting.splice(at, 1);
    return hit.fault;
  }

  clear(): void {
    this.#waiting.length = 0;
  }

  /** The pending faults, with their remaining counts. */
  waiting(): Fault[] {
    return this.#waiting.map(({ fault, left }) => ({ ...fault, times: left }));
  }
}

/**
 * Draws whether a fault with a probability happens now. The draw depends on the document and on how
 * often it was requested, and not on the order of concurrent requests.
 */
function happens({ fault, met }: Waiting, id: string): boolean {
  if (fault.kind !== 'notFound') return true;
  const times = met.get(id) ?? 0;
  met.set(id, times + 1);
  const digits = Number(id.replace(/\D/g, '')) % 0x1_0000_0000;
  return hash(fault.seed, digits, times) / 0x1_0000_0000 < fault.probability;
}

function isRegularExpression(source: string): boolean {
  try {
    return new RegExp(source, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}

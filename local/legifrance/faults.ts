import { z } from 'zod';

/** Faults waiting at most; a test that needs more has lost count. */
const MAX_WAITING = 1000;

const target = {
  /** A regular expression over the path of the request. Default: every path. */
  path: z.string().max(200).refine(isRegularExpression, 'path must be a regular expression').default(''),
  /** Only requests whose body names this document (`id` or `textId`). */
  id: z.string().min(1).max(100).optional(),
  /** How many answers it spoils, 1 to 1,000,000. Default 1. */
  times: z.int().min(1).max(1_000_000).default(1),
};

export const faultSchema = z.discriminatedUnion('kind', [
  /** An HTTP error: 500 and 400 with the application's body, others with a gateway's. */
  z.strictObject({
    ...target,
    kind: z.literal('status'),
    status: z.int().min(400).max(599),
    retryAfterSeconds: z.int().min(0).max(3600).optional(),
  }),
  /** HTTP 401 `invalid_client`, which PISTE gives in passing under bursts. */
  z.strictObject({ ...target, kind: z.literal('invalidClient') }),
  /** A gateway's HTML page instead of JSON. */
  z.strictObject({ ...target, kind: z.literal('html'), status: z.int().min(200).max(599).default(502) }),
  /** The true answer, cut in the middle. */
  z.strictObject({ ...target, kind: z.literal('truncated') }),
  /** HTTP 200 with nothing but `executionTime`. */
  z.strictObject({ ...target, kind: z.literal('degenerate') }),
  /** The true answer, later. */
  z.strictObject({ ...target, kind: z.literal('slow'), delayMs: z.int().min(1).max(600_000) }),
  /** The connection reset, without an answer. */
  z.strictObject({ ...target, kind: z.literal('reset') }),
]);

/** A fault to inject, as tests and `POST /_control` write it. */
export type FaultInput = z.input<typeof faultSchema>;
export type Fault = z.output<typeof faultSchema>;

interface Waiting {
  readonly fault: Fault;
  readonly path: RegExp;
  left: number;
}

/** Faults that wait for the requests they aim at, in the order they were asked for. */
export class Faults {
  readonly #waiting: Waiting[] = [];

  /** @throws RangeError when too many wait already. */
  add(fault: Fault): void {
    if (this.#waiting.length >= MAX_WAITING) {
      throw new RangeError(
        `${this.#waiting.length} faults wait already, the most there may be; send "clearFaults" first.`,
      );
    }
    this.#waiting.push({ fault, path: new RegExp(fault.path, 'u'), left: fault.times });
  }

  /** The fault for a request, which thereby has one time less to happen. */
  take(path: string, id: string | undefined): Fault | undefined {
    const at = this.#waiting.findIndex(
      ({ fault, path: pattern }) => pattern.test(path) && (fault.id === undefined || fault.id === id),
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

  /** Those that still wait, with the times they have left. */
  waiting(): Fault[] {
    return this.#waiting.map(({ fault, left }) => ({ ...fault, times: left }));
  }
}

function isRegularExpression(source: string): boolean {
  try {
    return new RegExp(source, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}

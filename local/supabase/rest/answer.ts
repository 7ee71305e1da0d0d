import { RestError } from './errors.ts';

/** An answer of the REST API, before it is sent. */
export interface RestAnswer {
  readonly status: number;
  /** JSON text: an array of rows. `undefined`: no body. */
  readonly body: string | undefined;
  /** Number of rows in `body`. */
  readonly rows: number;
  readonly contentRange: string;
}

const OBJECT_TYPE = 'application/vnd.pgrst.object+json';

export function wantsObject(accept: string | undefined): boolean {
  return accept?.includes(OBJECT_TYPE) ?? false;
}

/** For `.single()`: one object instead of a list. Any number of rows other than one is an error. */
export function assertSingle(rows: number): void {
  if (rows === 1) return;
  throw new RestError(
    ...([406, 'PGRST116', 'Cannot coerce the result to a single JSON object'] as const),
    `The result contains ${rows} rows`,
  );
}

/** The context for a way of getting the Temporal CLI. */
export interface WayContext {
  /** Writes one line for the user about a long operation. */
  readonly log: (line: string) => void;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

/** One way of getting the Temporal CLI. */
export interface Way {
  /** As in "found via …". */
  readonly via: string;
  /** @returns the path of a CLI that runs. @throws WayFailed with the reason. */
  readonly find: (context: WayContext) => Promise<string>;
}

/** A way did not work. The message becomes one line of the error that lists all ways. */
export class WayFailed extends Error {
  override readonly name = 'WayFailed';
}

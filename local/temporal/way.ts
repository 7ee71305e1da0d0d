/** What a way of getting the Temporal CLI may use. */
export interface WayContext {
  /** Told what takes long, a line each. */
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

/** A way that leads nowhere; the message is one clause of the error that lists them all. */
export class WayFailed extends Error {
  override readonly name = 'WayFailed';
}

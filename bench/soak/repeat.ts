import { setTimeout as pause } from 'node:timers/promises';

/** How often something was done, and how often it failed. */
export class Tally {
  readonly #counts = new Map<string, number>();

  add(what: string, count = 1): void {
    if (count > 0) this.#counts.set(what, (this.#counts.get(what) ?? 0) + count);
  }

  get(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  all(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => a.localeCompare(b)));
  }
}

/** Waits, or returns early when `signal` is aborted. */
export async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => undefined);
}

/**
 * Repeats `work` with a pause in between, until `signal` is aborted. Work that has begun ends by
 * itself. Errors are expected during faults, so they are only counted.
 */
export async function repeat(
  name: string,
  everyMs: number,
  { signal, tally }: { readonly signal: AbortSignal; readonly tally: Tally },
  work: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await work();
      tally.add(name);
    } catch {
      tally.add(`${name}, failed`);
    }
    await rest(everyMs, signal);
  }
}

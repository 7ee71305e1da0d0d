import type { FaultInput } from '../../local/legifrance/faults.ts';

/** A command answers at once; its route is not affected by faults. */
const CONTROL_MS = 10_000;

/** A command of `POST /_control` that a run needs. */
export type SimulatorCommand =
  | { readonly action: 'addDecisions'; readonly count: number }
  | { readonly action: 'reviseArticle'; readonly id: string }
  | { readonly action: 'fault'; readonly fault: FaultInput }
  | { readonly action: 'clearFaults' };

/** What `GET /_stats` says about the quota. */
export interface SimulatorStats {
  readonly api: { readonly total: number; readonly byStatus: Readonly<Record<string, number>> };
  readonly arrivals: { readonly maxInAnySecond: number };
}

/**
 * Sends a command to the simulator.
 *
 * @returns its result
 * @throws Error if the simulator does not answer, or refuses
 */
export async function command(url: string, order: SimulatorCommand): Promise<unknown> {
  const response = await fetch(`${url}/_control`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(order),
    signal: AbortSignal.timeout(CONTROL_MS),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`the simulator refused ${order.action}: ${text}`);
  return (JSON.parse(text) as { readonly result: unknown }).result;
}

export async function statsOf(url: string): Promise<SimulatorStats> {
  const response = await fetch(`${url}/_stats`, { signal: AbortSignal.timeout(CONTROL_MS) });
  return (await response.json()) as SimulatorStats;
}

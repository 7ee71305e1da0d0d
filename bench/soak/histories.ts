import { WORKFLOWS } from '../../src/contract/names.ts';
import type { SoakStack } from './stack.ts';

/** The runs of a workflow type. */
export interface Histories {
  readonly workflow: string;
  readonly runs: number;
  /** How the runs ended, with the number of each. */
  readonly ends: Readonly<Record<string, number>>;
  /** Of the largest history. */
  readonly maxEvents: number;
  readonly maxBytes: number;
}

/** After a day, there are 20,000 runs of MAINTENANCE. */
const LIST_MS = 120_000;

/** Reads the sizes of all histories. The server knows them of closed runs only. */
export async function readHistories({ temporal }: SoakStack): Promise<readonly Histories[]> {
  const found: Histories[] = [];
  for (const workflow of Object.values(WORKFLOWS)) {
    const ends: Record<string, number> = {};
    let runs = 0;
    let maxEvents = 0;
    let maxBytes = 0;
    await temporal(async (client) => {
      for await (const run of client.workflow.list({ query: `WorkflowType = "${workflow}"` })) {
        runs += 1;
        ends[run.status.name] = (ends[run.status.name] ?? 0) + 1;
        maxEvents = Math.max(maxEvents, run.historyLength);
        maxBytes = Math.max(maxBytes, run.historySize ?? 0);
      }
    }, LIST_MS);
    found.push({ workflow, runs, ends, maxEvents, maxBytes });
  }
  return found;
}

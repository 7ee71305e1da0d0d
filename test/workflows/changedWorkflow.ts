import { sleep } from '@temporalio/workflow';

/** A `collectMassive` that begins with another command than the real one. */
export async function collectMassive(): Promise<void> {
  await sleep('1 minute');
}

/** The entry of the workflow bundle: every workflow type that the workers know. */
export { backfillFilesQueue } from './backfill/backfillFilesQueue.ts';
export { checkCoherence } from './checkCoherence.ts';
export { collectMaintenance } from './collectMaintenance.ts';
export { collectMassive } from './massive/collectMassive.ts';

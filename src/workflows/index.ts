/** The entry of the workflow bundle: every workflow type that the workers know. */
export { backfillFilesQueue } from './backfillFilesQueue.ts';
export { checkCoherence } from './checkCoherence.ts';
export { collectMaintenance } from './collectMaintenance.ts';
export { collectMassive } from './collectMassive.ts';

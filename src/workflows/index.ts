/** The entry of the workflow bundle: every workflow type that the workers know. */
export { collectMaintenance } from './collectMaintenance.ts';
export { collectMassive } from './collectMassive.ts';

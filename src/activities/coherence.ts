import type { CoherenceInput, MeasureResult } from '../contract/coherence.ts';
import { judge } from '../coherence/verdict.ts';
import { LegisyncError } from '../contract/failures.ts';
import type { ActivityDeps } from './deps.ts';
import { withHeartbeat } from './liveness.ts';

/** See {@link Activities.measureCoherence}. */
export async function measureCoherence(
  { coherence, log }: ActivityDeps,
  { bucket, kind, graceSeconds, limits }: CoherenceInput,
): Promise<MeasureResult> {
  return withHeartbeat(
    () => null,
    async () => {
      try {
        const reading = await coherence.measure({ bucket, kind, graceSeconds });
        const verdict = judge(reading, limits);
        if (verdict.state === 'desynchronised') {
          const { reasons, next } = verdict;
          log.warn({ bucket, kind, reasons, next }, 'Storage and files_queue differ');
        }
        return { outcome: 'measured', reading, verdict };
      } catch (error) {
        // Not tried again at once: what took too long would take so again, and burdens the database.
        if (error instanceof LegisyncError && error.code === 'DATABASE_TIMEOUT')
          return { outcome: 'timed_out' };
        throw error;
      }
    },
  );
}

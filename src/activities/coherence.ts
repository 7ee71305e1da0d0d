import type { CoherenceInput, MeasureResult } from '../contract/coherence.ts';
import { judge } from '../coherence/verdict.ts';
import { nullOnTimeout } from '../supabase/timeouts.ts';
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
      const reading = await nullOnTimeout(() => coherence.measure({ bucket, kind, graceSeconds }));
      // Not retried at once: it would time out again, and put load on the database.
      if (reading === null) return { outcome: 'timed_out' };
      const verdict = judge(reading, limits);
      if (verdict.state === 'desynchronised') {
        const { reasons, next } = verdict;
        log.warn({ bucket, kind, reasons, next }, 'Storage and files_queue differ');
      }
      return { outcome: 'measured', reading, verdict };
    },
  );
}

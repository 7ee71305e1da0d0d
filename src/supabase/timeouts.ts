import { LegisyncError } from '../contract/failures.ts';

/** Null if the database cancelled a statement of `work`. The caller decides what to do then. */
export async function nullOnTimeout<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LegisyncError && error.code === 'DATABASE_TIMEOUT') return null;
    throw error;
  }
}

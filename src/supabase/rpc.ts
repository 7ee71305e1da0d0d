import type { PostgrestSingleResponse, SupabaseClient } from '@supabase/supabase-js';
import type { z } from 'zod';
import { LegisyncError } from '../contract/failures.ts';
import { databaseFailure } from './failures.ts';

/** Calls a function of `public` and checks the shape of its answer. */
export type Rpc = <T>(
  fn: string,
  args: Readonly<Record<string, unknown>>,
  answer: z.ZodType<T>,
) => Promise<T>;

/**
 * One transaction a call. A call whose answer was lost may still be running in the database, since PostgREST does not
 * cancel a statement when its client goes away: every function of ours can therefore be repeated beside itself.
 */
export function createRpc(client: SupabaseClient): Rpc {
  return async (fn, args, answer) => {
    const result: PostgrestSingleResponse<unknown> = await client.rpc(fn, args);
    if (result.error !== null) throw databaseFailure(result.error, result.status, fn);
    // postgrest-js makes a success without data (status 204) of a 404 with an empty body; our functions always answer.
    if (result.status !== 200) throw databaseFailure({ message: 'an empty answer' }, result.status, fn);
    const parsed = answer.safeParse(result.data);
    if (!parsed.success) {
      throw new LegisyncError(
        'INTERNAL',
        `${fn} answered in another shape: ${parsed.error.issues[0]?.message ?? ''}`,
        {
          cause: parsed.error,
        },
      );
    }
    return parsed.data;
  };
}

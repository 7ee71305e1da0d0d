import type { PostgrestSingleResponse, SupabaseClient } from '@supabase/supabase-js';
import type { z } from 'zod';
import { LegisyncError } from '../contract/failures.ts';
import type { Hide } from '../contract/knownSecrets.ts';
import { databaseFailure } from './failures.ts';

/**
 * Calls a function of `public` and checks the shape of its answer.
 *
 * @throws LegisyncError for everything else, see {@link databaseFailure}
 */
export type Rpc = <T>(
  fn: string,
  args: Readonly<Record<string, unknown>>,
  answer: z.ZodType<T>,
) => Promise<T>;

/**
 * Each call is one transaction. A call whose answer was lost may still run in the database:
 * PostgREST does not cancel a statement when its client disconnects. So a repeated call may run
 * beside the first one, and every function allows that.
 */
export function createRpc(client: SupabaseClient, hide: Hide): Rpc {
  return async (fn, args, answer) => {
    const result: PostgrestSingleResponse<unknown> = await client.rpc(fn, args);
    if (result.error !== null) throw databaseFailure(result.error, result.status, fn, hide);
    // postgrest-js turns a 404 with an empty body into a success without data (status 204). Our
    // functions always return data.
    if (result.status !== 200) throw databaseFailure({ message: 'an empty answer' }, result.status, fn, hide);
    const parsed = answer.safeParse(result.data);
    if (!parsed.success) {
      throw new LegisyncError(
        'INTERNAL',
        `${fn} returned an unexpected shape: ${parsed.error.issues[0]?.message ?? ''}`,
        {
          cause: parsed.error,
        },
      );
    }
    return parsed.data;
  };
}

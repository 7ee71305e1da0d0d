import type { Config } from '../config/config.ts';
import type { Supabase, SupabaseOptions } from '../supabase/index.ts';

/**
 * Storage and catalogue, where Supabase is configured. Its library is loaded here and not at the top, so that commands
 * without it answer faster.
 *
 * @param limits a shorter deadline of a request than the default
 */
export async function openSupabase(
  { supabase, bucket }: Pick<Config, 'supabase' | 'bucket'>,
  limits: Pick<SupabaseOptions, 'requestTimeoutMs'> = {},
): Promise<Supabase | undefined> {
  if (supabase === undefined) return undefined;
  const { createSupabase } = await import('../supabase/index.ts');
  const key = () => supabase.serviceRoleKey.reveal();
  return createSupabase({ url: supabase.url, key, bucket, ...limits });
}

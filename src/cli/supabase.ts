import type { Config } from '../config/config.ts';
import { CommandError, EXIT } from './exit.ts';
import type { Supabase, SupabaseOptions } from '../supabase/index.ts';

/**
 * The client of Supabase, or undefined if Supabase is not configured. Its library is loaded here,
 * so commands that do not use it start faster.
 *
 * @param limits a deadline of requests that is shorter than the default
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

/** The client of Supabase, for commands that need it. @throws CommandError `CONFIG_INVALID` */
export async function requireSupabase(config: Pick<Config, 'supabase' | 'bucket'>): Promise<Supabase> {
  const supabase = await openSupabase(config);
  if (supabase !== undefined) return supabase;
  throw new CommandError(
    EXIT.config,
    'CONFIG_INVALID',
    'SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY are not set.',
    'set both of them; `legisync config` shows the settings',
  );
}

import type { Config } from '../config/config.ts';
import { CommandError, EXIT } from './exit.ts';
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

/** The same, for commands that are nothing without it. @throws CommandError `CONFIG_INVALID` */
export async function requireSupabase(config: Pick<Config, 'supabase' | 'bucket'>): Promise<Supabase> {
  const supabase = await openSupabase(config);
  if (supabase !== undefined) return supabase;
  throw new CommandError(
    EXIT.config,
    'CONFIG_INVALID',
    'SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY are not set.',
    'set them; `legisync config` shows what applies',
  );
}

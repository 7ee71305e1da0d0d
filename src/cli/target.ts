import type { LoadedConfig } from '../config/load.ts';
import type { ValueSource } from '../config/sources.ts';
import { createScrub } from '../observability/scrub.ts';

const SOURCES: Readonly<Record<ValueSource, string>> = {
  environment: 'from the environment',
  '.local/stack.json': 'the local stack',
  '.env': 'from .env',
  default: 'default',
};

/**
 * The servers that a command is about to change, with the source of each address: after a local
 * stack has ended, the same command in the same folder reaches what `.env` names.
 *
 * @param temporal the server of a command that needs one
 */
export function describeTarget(
  { config, settings }: Pick<LoadedConfig, 'config' | 'settings'>,
  temporal?: { readonly address: string; readonly namespace: string },
): string {
  const { supabase, bucket } = config;
  return [
    ...(temporal === undefined
      ? []
      : [
          `Temporal ${temporal.address}, namespace ${temporal.namespace} ` +
            `(${from(settings, 'TEMPORAL_ADDRESS') ?? 'default, or temporal.toml'})`,
        ]),
    ...(supabase === undefined
      ? []
      : [`Supabase ${supabase.url}, bucket ${bucket} (${from(settings, 'SUPABASE_URL') ?? ''})`]),
  ].join('; ');
}

/** The database of `legisync migrate`, without its password, wherever in the URL it is. */
export function describeDatabase({
  config,
  settings,
  secrets,
}: Pick<LoadedConfig<'database'>, 'config' | 'settings' | 'secrets'>): string {
  const { host, pathname, username } = new URL(config.database.url.reveal());
  const source = from(settings, 'SUPABASE_DB_URL') ?? '';
  const database = createScrub(secrets)(`${host}${pathname}`);
  return `database ${database}, role ${decodeURIComponent(username)} (${source})`;
}

/** Where the value of a setting comes from; undefined if it is not set. */
function from(settings: LoadedConfig['settings'], name: string): string | undefined {
  const source = settings.find((setting) => setting.name === name)?.source ?? 'not set';
  return source === 'not set' ? undefined : SOURCES[source];
}

import { nearest } from '../../config/nearest.ts';
import type { LoadedConfig } from '../../config/load.ts';
import { CommandError, EXIT } from '../../cli/exit.ts';
import { configure, type Io, type Outcome } from '../../cli/run.ts';
import { describeTarget } from '../../cli/target.ts';
import { singleQuoted } from '../../cli/text/shell.ts';

/** What a developer needs to reach the same servers with other tools. */
const NAMES = [
  'SUPABASE_URL',
  'SUPABASE_SERVICE_ROLE_KEY',
  'SUPABASE_DB_URL',
  'LEGISYNC_BUCKET',
  'TEMPORAL_ADDRESS',
  'TEMPORAL_NAMESPACE',
  'LEGIFRANCE_API_URL',
] as const;

/**
 * `legisync env`: the addresses and keys that apply, for `eval "$(legisync env)"`, or the value of
 * one. They contain secrets: nothing else prints them.
 *
 * @throws CommandError `USAGE` if `name` is not one of them, `CONFIG_INVALID` if it is not set
 */
export function showEnv(io: Io, name: string | undefined): Outcome {
  const loaded = configure(io);
  const values = valuesOf(loaded);
  io.err(`Target: ${describeTarget(loaded)}`);
  if (name !== undefined) {
    const value = valueOf(values, name);
    return { data: { [name]: value }, lines: [value] };
  }
  const known = NAMES.flatMap((one) => (values.has(one) ? [[one, values.get(one) ?? ''] as const] : []));
  return {
    data: Object.fromEntries(known),
    lines: known.map(([one, value]) => `export ${one}=${singleQuoted(value)}`),
  };
}

/** The values that are set, and the bucket, which always has one. */
function valuesOf({ config, settings }: LoadedConfig): ReadonlyMap<string, string> {
  const secrets: Readonly<Record<string, string | undefined>> = {
    SUPABASE_SERVICE_ROLE_KEY: config.supabase?.serviceRoleKey.reveal(),
    SUPABASE_DB_URL: config.database?.url.reveal(),
  };
  const shown = settings.filter(({ name, source }) => source !== 'default' || name === 'LEGISYNC_BUCKET');
  return new Map(
    shown.flatMap(({ name, value }) => {
      const revealed = name in secrets ? secrets[name] : value;
      return revealed === undefined || revealed === null ? [] : [[name, revealed] as const];
    }),
  );
}

function valueOf(values: ReadonlyMap<string, string>, name: string): string {
  if (!NAMES.some((known) => known === name)) {
    const meant = nearest(name, NAMES);
    throw new CommandError(
      EXIT.usage,
      'USAGE',
      `${JSON.stringify(name)} is none of ${NAMES.join(', ')}.` +
        (meant === undefined ? '' : ` Did you mean ${meant}?`),
      `legisync env ${meant ?? ''}`.trim(),
    );
  }
  const value = values.get(name);
  if (value !== undefined) return value;
  throw new CommandError(EXIT.config, 'CONFIG_INVALID', `${name} is not set.`, 'legisync config');
}

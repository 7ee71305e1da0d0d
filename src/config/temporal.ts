import type { Layer } from './sources.ts';
import { Secret } from './secret.ts';

/**
 * The settings of Temporal's own tools that people set most, for `.env.example`. They are read and checked by
 * `@temporalio/envconfig`, which knows more of them, and the same names serve the `temporal` command.
 */
export const TEMPORAL_SETTINGS: readonly {
  readonly name: string;
  readonly about: string;
  readonly example: string;
}[] = [
  {
    name: 'TEMPORAL_ADDRESS',
    about: 'Server, host:port. Default: localhost:7233.',
    example: 'localhost:7233',
  },
  { name: 'TEMPORAL_NAMESPACE', about: 'Namespace. Default: default.', example: 'default' },
  { name: 'TEMPORAL_API_KEY', about: 'API key of Temporal Cloud; it turns TLS on.', example: '' },
  { name: 'TEMPORAL_TLS', about: 'true or false: TLS without an API key.', example: 'false' },
  { name: 'TEMPORAL_TLS_SERVER_CA_CERT_PATH', about: 'CA of the server, a PEM file.', example: '' },
  { name: 'TEMPORAL_TLS_CLIENT_CERT_PATH', about: 'Certificate of this client, a PEM file.', example: '' },
  { name: 'TEMPORAL_TLS_CLIENT_KEY_PATH', about: 'Its key, a PEM file.', example: '' },
  {
    name: 'TEMPORAL_PROFILE',
    about: 'Profile of the configuration file. Default: default.',
    example: 'default',
  },
  {
    name: 'TEMPORAL_CONFIG_FILE',
    about: 'Configuration file (TOML) instead of the usual place.',
    example: '',
  },
];

/** Shown in the clear by `legisync config`; every other `TEMPORAL_*` value may be a key or hold one. */
export const SHOWN_TEMPORAL_SETTINGS: readonly string[] = [
  'TEMPORAL_ADDRESS',
  'TEMPORAL_NAMESPACE',
  'TEMPORAL_PROFILE',
  'TEMPORAL_CONFIG_FILE',
  'TEMPORAL_TLS',
];

/**
 * The environment that `@temporalio/envconfig` is to see: this process's own (it looks for the home folder in it), and
 * the `TEMPORAL_*` values of the other sources below it. A secret as a whole, since it may hold an API key.
 */
export function temporalEnvironment(layers: readonly Layer[]): Secret<Readonly<Record<string, string>>> {
  const merged: Record<string, string> = {};
  for (const { source, values } of layers.toReversed()) {
    for (const [name, value] of Object.entries(values)) {
      if (source === 'environment' || name.startsWith('TEMPORAL_')) merged[name] = value;
    }
  }
  return new Secret(merged);
}

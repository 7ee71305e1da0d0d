import type { ForeignVariable } from './print/docs.ts';
import type { Layer } from './sources.ts';
import { Secret } from './secret.ts';

/**
 * The most common settings of Temporal's own tools, for `.env.example`. `@temporalio/envconfig`
 * reads and checks these and others. The `temporal` command uses the same names.
 */
export const TEMPORAL_SETTINGS: readonly ForeignVariable[] = [
  {
    name: 'TEMPORAL_ADDRESS',
    about: 'Server, host:port. Default: localhost:7233.',
    example: 'localhost:7233',
  },
  { name: 'TEMPORAL_NAMESPACE', about: 'Namespace. Default: default.', example: 'default' },
  { name: 'TEMPORAL_API_KEY', about: 'API key of Temporal Cloud. It enables TLS.', example: '' },
  { name: 'TEMPORAL_TLS', about: 'TLS without an API key: true or false.', example: 'false' },
  {
    name: 'TEMPORAL_TLS_SERVER_NAME',
    about: 'Name in the certificate of the server, if it is not that of TEMPORAL_ADDRESS.',
    example: '',
  },
  {
    name: 'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
    about: 'CA certificate of the server (PEM file).',
    example: '',
  },
  { name: 'TEMPORAL_TLS_CLIENT_CERT_PATH', about: 'Certificate of this client (PEM file).', example: '' },
  { name: 'TEMPORAL_TLS_CLIENT_KEY_PATH', about: 'Key of this client (PEM file).', example: '' },
  {
    name: 'TEMPORAL_TLS_CLIENT_CERT_DATA',
    about:
      'For containers: the certificate itself instead of its path. So do TEMPORAL_TLS_CLIENT_KEY_DATA and ' +
      'TEMPORAL_TLS_SERVER_CA_CERT_DATA.',
    example: '',
  },
  {
    name: 'TEMPORAL_PROFILE',
    about: 'Profile of the configuration file. Default: default.',
    example: 'default',
  },
  {
    name: 'TEMPORAL_CONFIG_FILE',
    about: 'Path of the configuration file (TOML), if it is not in the default place.',
    example: '',
  },
];

/** `legisync config` shows only these values: any other `TEMPORAL_*` value may contain a key. */
export const SHOWN_TEMPORAL_SETTINGS: readonly string[] = [
  'TEMPORAL_ADDRESS',
  'TEMPORAL_NAMESPACE',
  'TEMPORAL_PROFILE',
  'TEMPORAL_CONFIG_FILE',
  'TEMPORAL_TLS',
];

/**
 * The environment for `@temporalio/envconfig`: that of this process, which names the home folder,
 * and the `TEMPORAL_*` values of the other sources. The whole is a secret, because it may contain
 * an API key.
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

import type { ForeignVariable } from './print/docs.ts';

/**
 * What `docker-compose.yml` reads beside the settings, for `.env.example`. The programs do not read
 * it.
 */
export const COMPOSE_SETTINGS: readonly ForeignVariable[] = [
  {
    name: 'COMPOSE_PROFILES',
    about:
      'Which Temporal server is started: production (on PostgreSQL), dev (one container, for a trial), or nothing ' +
      'for a server of your own. `,demo` adds the simulator of the Légifrance API.',
    example: 'production',
  },
  {
    name: 'TEMPORAL_DB_PASSWORD',
    about:
      'Password of the PostgreSQL that the profile production starts for Temporal. Choose one; it is set once.',
    example: '',
  },
  {
    name: 'TEMPORAL_RETENTION',
    about: 'How long the profile production keeps closed workflows. Set once, when the namespace is created.',
    example: '72h',
  },
  { name: 'TEMPORAL_PORT', about: 'Port of Temporal on this machine.', example: '7233' },
  { name: 'TEMPORAL_UI_PORT', about: 'Port of its Web UI on this machine.', example: '8233' },
  { name: 'TEMPORAL_DB_VERSION', about: 'Version of the image postgres.', example: '16' },
  {
    name: 'TEMPORAL_VERSION',
    about: 'Version of the images temporalio/server and temporalio/admin-tools.',
    example: '1.31.0',
  },
  { name: 'TEMPORAL_UI_VERSION', about: 'Version of the image temporalio/ui.', example: '2.49.1' },
  {
    name: 'TEMPORAL_CLI_VERSION',
    about: 'Version of the image temporalio/temporal, for the profile dev.',
    example: '1.8.2',
  },
];

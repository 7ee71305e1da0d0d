import type { StartOptions } from '../launcher/args.ts';

/** Addresses and secrets of the local stack for the application. */
export interface StackAddresses {
  readonly legifranceUrl: string;
  readonly clientSecret: string;
  readonly supabaseUrl: string;
  readonly serviceKey: string;
  /** For the role `postgres`, which is not a superuser, as on hosted Supabase. */
  readonly databaseUrl: string;
  readonly temporalAddress: string;
}

/** The application's own default, set here so that no `.env` can override it. */
export const BUCKET = 'agentbasic-legifrance-raw';

/** The id of the simulator's only PISTE application. */
const CLIENT_ID = 'legisync-local';

/**
 * The application's settings for this stack: what the commands find there is what its worker has.
 * The quotas of the hour and of the day have no effect here: the simulator has none, and a
 * demonstration should not wait for the next hour.
 *
 * @param given the environment of `npm start`, whose other LEGISYNC_ settings apply
 * @param collections the absolute path of a file; undefined: the application's own collections
 */
export function stackEnvironment(
  addresses: StackAddresses,
  options: Pick<StartOptions, 'rate' | 'lanes'>,
  given: Readonly<Record<string, string | undefined>>,
  collections: string | undefined,
): Readonly<Record<string, string>> {
  return {
    ...ownSettings(given),
    PISTE_CLIENT_ID: CLIENT_ID,
    PISTE_CLIENT_SECRET: addresses.clientSecret,
    LEGIFRANCE_API_URL: `${addresses.legifranceUrl}/dila/legifrance/lf-engine-app`,
    LEGIFRANCE_TOKEN_URL: `${addresses.legifranceUrl}/api/oauth/token`,
    SUPABASE_URL: addresses.supabaseUrl,
    SUPABASE_SERVICE_ROLE_KEY: addresses.serviceKey,
    SUPABASE_DB_URL: addresses.databaseUrl,
    TEMPORAL_ADDRESS: addresses.temporalAddress,
    TEMPORAL_NAMESPACE: 'default',
    LEGISYNC_BUCKET: BUCKET,
    // The launcher waits for a line of this level.
    LEGISYNC_LOG_LEVEL: 'info',
    LEGISYNC_QUOTA_PER_SECOND: String(options.rate),
    LEGISYNC_QUOTA_PER_HOUR: String(options.rate * 3_600),
    LEGISYNC_QUOTA_PER_DAY: String(options.rate * 86_400),
    LEGISYNC_QUOTA_PACING: 'burst',
    // After Ctrl-C, all parts together have ten seconds, and Temporal needs two of them.
    LEGISYNC_SHUTDOWN_GRACE_SECONDS: '3',
    ...(collections !== undefined && { LEGISYNC_COLLECTIONS: collections }),
    ...(options.lanes !== undefined && { LEGISYNC_LANES: String(options.lanes) }),
  };
}

function ownSettings(given: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value = '']) =>
      name.startsWith('LEGISYNC_') && name !== 'LEGISYNC_STACK' ? [[name, value]] : [],
    ),
  );
}

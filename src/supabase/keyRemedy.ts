const RESTART = 'Then restart the worker.';

/**
 * Remedies by what Storage, PostgREST or the gateway says of a key. The first that matches counts.
 *
 * The messages are those of `jose` (Storage), PostgREST 12 to 16 and the gateways of hosted and
 * self-hosted projects.
 */
const REMEDIES: readonly (readonly [says: RegExp, remedy: string])[] = [
  // The key was passed on as it is. Only the gateway of a hosted project exchanges it for a JWT.
  [
    /Invalid Compact JWS|Expected 3 parts in JWT|JWSError \(CompactDecodeError/i,
    `Set SUPABASE_SERVICE_ROLE_KEY to the service_role JWT: self-hosted projects do not accept an sb_secret_ key. ${RESTART}`,
  ],
  [
    /signature verification failed|No suitable key|wrong key type|JWSInvalidSignature/i,
    `Copy the service key of the project at SUPABASE_URL again: this key was signed with another JWT secret. ${RESTART}`,
  ],
  [
    /"exp" claim|JWT expired/i,
    `Set SUPABASE_SERVICE_ROLE_KEY to a new service key: this one has expired. ${RESTART}`,
  ],
  [
    /row-level security|permission denied|code: 22023|role ".*" does not exist/i,
    `Set SUPABASE_SERVICE_ROLE_KEY to the key of the role service_role: this one is of another role. ${RESTART}`,
  ],
  [
    /legacy api keys/i,
    `Set SUPABASE_SERVICE_ROLE_KEY to a key that begins with sb_secret_: the project has disabled JWT keys. ${RESTART}`,
  ],
  [/lacks JWT secret/i, 'Set the JWT secret of PostgREST (PGRST_JWT_SECRET) on the server: it has none.'],
];

/**
 * The remedy for a refused key.
 *
 * @param message of the service that refused it
 * @returns undefined if the message names no cause: the remedy of the code applies
 */
export function keyRemedy(message: string): string | undefined {
  return REMEDIES.find(([says]) => says.test(message))?.[1];
}

import { createHash } from 'node:crypto';
import { SignJWT, jwtVerify } from 'jose';

/**
 * The three keys of a project. All are derived from the secret, so that they survive restarts.
 */
export interface SupabaseKeys {
  readonly anonKey: string;
  readonly serviceKey: string;
  /** The newer form of the service key: opaque, not a JWT. */
  readonly secretKey: string;
}

/** The caller of a request: its database role, and the claims for policies and functions. */
export interface Caller {
  readonly role: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Fixed, so that the same secret always gives the same keys: users copy them to their `.env`. */
const ISSUED_AT = 1_735_689_600;
const EXPIRES_AT = 4_102_444_800;

export async function supabaseKeys(jwtSecret: string): Promise<SupabaseKeys> {
  const digest = createHash('sha256').update(`secret key of ${jwtSecret}`).digest('base64url');
  return {
    anonKey: await sign(jwtSecret, 'anon'),
    serviceKey: await sign(jwtSecret, 'service_role'),
    secretKey: `sb_secret_${digest.slice(0, 31)}`,
  };
}

/** HS256 needs 256 bits. jose refuses shorter secrets with a less clear message. */
const MIN_SECRET_CHARS = 32;

export function assertSecret(jwtSecret: string): void {
  if (jwtSecret.length >= MIN_SECRET_CHARS) return;
  throw new Error(
    `The JWT secret has ${jwtSecret.length} characters; HS256 needs at least ${MIN_SECRET_CHARS}. ` +
      'Create one with: openssl rand -hex 32',
  );
}

async function sign(jwtSecret: string, role: string): Promise<string> {
  return new SignJWT({ role })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer('supabase')
    .setIssuedAt(ISSUED_AT)
    .setExpirationTime(EXPIRES_AT)
    .sign(new TextEncoder().encode(jwtSecret));
}

interface KeyHeaders {
  readonly authorization?: string | undefined;
  readonly apikey?: unknown;
}

/** The key of a request: `authorization: Bearer …`, else `apikey`, else nothing. */
export function tokenOf({ authorization, apikey }: KeyHeaders): string {
  return authorization?.replace(/^Bearer\s+/i, '') ?? (typeof apikey === 'string' ? apikey : '');
}

export interface KeyRing {
  /**
   * The caller of a request. Without a key: anon.
   * @param toleranceSeconds how long a JWT is accepted after its expiry.
   * @throws jose's errors if the JWT is invalid; each API has its own message for them.
   */
  identify(headers: KeyHeaders, toleranceSeconds: number): Promise<Caller>;
}

export function createKeyRing(jwtSecret: string, keys: SupabaseKeys): KeyRing {
  const secret = new TextEncoder().encode(jwtSecret);
  return {
    async identify(headers, toleranceSeconds) {
      const token = tokenOf(headers);
      if (token === '') return { role: 'anon', claims: { role: 'anon' } };
      // Hosted Supabase exchanges a secret key for a short-lived JWT of service_role before the
      // request reaches an API.
      if (token === keys.secretKey) return { role: 'service_role', claims: { role: 'service_role' } };
      const { payload } = await jwtVerify(token, secret, {
        algorithms: ['HS256'],
        clockTolerance: toleranceSeconds,
      });
      const role = typeof payload['role'] === 'string' ? payload['role'] : 'anon';
      return { role, claims: payload };
    },
  };
}

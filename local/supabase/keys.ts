import { createHash } from 'node:crypto';
import { SignJWT, jwtVerify } from 'jose';

/** The three keys a project has. All of them follow from the secret, so that they survive restarts. */
export interface SupabaseKeys {
  readonly anonKey: string;
  readonly serviceKey: string;
  /** The newer form of the service key: no JWT, nothing can be read in it. */
  readonly secretKey: string;
}

/** Who asks: the database role to take, and the claims that policies and functions can read. */
export interface Caller {
  readonly role: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Fixed, so that the same secret always gives the same keys: they end up in somebody's `.env`. */
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

/** HS256 wants 256 bits: jose refuses shorter secrets, and says so less clearly. */
const MIN_SECRET_CHARS = 32;

export function assertSecret(jwtSecret: string): void {
  if (jwtSecret.length >= MIN_SECRET_CHARS) return;
  throw new Error(
    `The JWT secret has ${jwtSecret.length} characters; HS256 needs at least ${MIN_SECRET_CHARS}. ` +
      'Make one with: openssl rand -hex 32',
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
   * @param toleranceSeconds how long after its end a JWT still counts.
   * @throws jose's errors when the JWT is not valid; each API has its own words for them.
   */
  identify(headers: KeyHeaders, toleranceSeconds: number): Promise<Caller>;
}

export function createKeyRing(jwtSecret: string, keys: SupabaseKeys): KeyRing {
  const secret = new TextEncoder().encode(jwtSecret);
  return {
    async identify(headers, toleranceSeconds) {
      const token = tokenOf(headers);
      if (token === '') return { role: 'anon', claims: { role: 'anon' } };
      // The hosted entry exchanges a secret key for a short JWT of service_role before either API sees it.
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

import { SignJWT } from 'jose';
import { createSupabase, type Supabase } from '../../src/supabase/index.ts';
import { BUCKET, JWT_SECRET, openSupabase, type SupabaseStack } from '../support/supabase.ts';

let stack: SupabaseStack;

beforeAll(async () => {
  stack = await openSupabase();
});
afterEach(() => stack.gateway.control.clear());
afterAll(() => stack.close());

const withKey = (key: string): Supabase =>
  createSupabase({ url: stack.gateway.url, key: () => key, bucket: BUCKET });
const call = ({ catalogue }: Supabase) => catalogue.openPass('codes', ['codes'], 3_600);
const put = ({ storage }: Supabase) => storage.upload('legifrance/codes/a.json', Buffer.from('a'), 'v1:1');

const sign = (claims: Record<string, unknown>, secret = JWT_SECRET, expires = 3_600) =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(Math.floor(Date.now() / 1_000) + expires)
    .sign(new TextEncoder().encode(secret));

const storage = (message: string, statusCode = '403', code = 'AccessDenied') => ({
  http: statusCode === '500' ? 500 : 400,
  body: { statusCode, error: 'Unauthorized', message, code },
});
const postgrest = (code: string, message: string, http = 401) => ({
  http,
  body: { code, message, details: null, hint: null },
});
const gateway = (message: string, http = 401) => ({ http, body: { message } });

const NOT_A_JWT = /to the service_role JWT: self-hosted projects do not accept an sb_secret_ key/;
const OTHER_SECRET = /signed with another JWT secret/;
const EXPIRED = /this one has expired/;
const OTHER_ROLE = /this one is of another role/;
const CURRENT = /to the project's current service key/;

describe('a refused key gets the remedy that fits what is said of it', () => {
  it.each<[says: string, answer: { http: number; body: object }, remedy: RegExp]>([
    ['Storage: not a JWT', storage('Invalid Compact JWS'), NOT_A_JWT],
    ['Storage: another secret', storage('signature verification failed'), OTHER_SECRET],
    ['Storage: expired', storage('"exp" claim timestamp check failed'), EXPIRED],
    ['Storage: no rights', storage('new row violates row-level security policy'), OTHER_ROLE],
    ['Storage: no such role', storage('database error, code: 22023', '500', 'DatabaseError'), OTHER_ROLE],
    ['Storage: anything else', storage('Forbidden'), CURRENT],
    ['PostgREST: not a JWT', postgrest('PGRST301', 'Expected 3 parts in JWT; got 1'), NOT_A_JWT],
    ['PostgREST: another secret', postgrest('PGRST301', 'No suitable key or wrong key type'), OTHER_SECRET],
    ['PostgREST 12: another secret', postgrest('PGRST301', 'JWSError JWSInvalidSignature'), OTHER_SECRET],
    ['PostgREST: expired', postgrest('PGRST303', 'JWT expired'), EXPIRED],
    ['PostgREST: no such role', postgrest('22023', 'role "x" does not exist'), OTHER_ROLE],
    ['PostgREST: anonymous', postgrest('42501', 'permission denied for function f'), OTHER_ROLE],
    ['PostgREST: no anonymous role', postgrest('PGRST302', 'Anonymous access is disabled'), CURRENT],
    ['PostgREST: no secret', postgrest('PGRST300', 'Server lacks JWT secret', 500), /PGRST_JWT_SECRET/],
    ['the gateway: unknown key', gateway('Invalid API key'), CURRENT],
    ['Kong: unknown key', gateway('Invalid authentication credentials'), CURRENT],
    ['Kong: no key', gateway('No API key found in request'), CURRENT],
    ['the gateway: JWT keys are disabled', gateway('Legacy API keys are disabled'), /begins with sb_secret_/],
  ])('%s', async (says, { http, body }, remedy) => {
    stack.gateway.control.fault({ kind: 'status', status: http, body, match: 'legisync_open_pass|/object/' });
    const request = says.startsWith('Storage') ? put : call;
    const failed = request(stack.supabase);
    await expect(failed).rejects.toMatchObject({ code: 'SUPABASE_CREDENTIALS' });
    await expect(failed).rejects.toMatchObject({ remedy: expect.stringMatching(remedy) as string });
  });

  it.each<[what: string, key: () => Promise<string>, remedy: RegExp]>([
    ['a text that is not a JWT', () => Promise.resolve('sb_secret_of-another-project'), /SERVICE_ROLE_KEY/],
    [
      'a JWT of another secret',
      () => sign({ role: 'service_role' }, 'another secret, long enough too'),
      OTHER_SECRET,
    ],
    ['an expired JWT', () => sign({ role: 'service_role' }, JWT_SECRET, -3_600), EXPIRED],
    ['a JWT of no role of the database', () => sign({ role: 'no_such_role' }), OTHER_ROLE],
    ['the anonymous key', () => Promise.resolve(stack.gateway.anonKey), OTHER_ROLE],
  ])('%s, by an RPC and by an upload', async (_what, key, remedy) => {
    const supabase = withKey(await key());
    for (const request of [call, put]) {
      const failed = request(supabase);
      await expect(failed).rejects.toMatchObject({
        code: 'SUPABASE_CREDENTIALS',
        remedy: expect.stringMatching(remedy) as string,
      });
      await expect(failed).rejects.toMatchObject({
        remedy: expect.not.stringContaining('migrate') as string,
      });
    }
  });
});

import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { FAILURES } from '../../src/contract/failures.ts';
import { createSupabase, type Supabase } from '../../src/supabase/index.ts';
import { BUCKET } from '../support/supabase.ts';

// Signed by itself, for localhost, with a key that protects nothing.
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBfzCCASWgAwIBAgIUUTNsv8dbHBC02jgxkK9Z9tXJFLAwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNzEyMTQzMloYDzIxMjYxMTAz
MTIxNDMyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARY+ZIXqO2nIgw/EUjpBocIM5iUIljzjspRwtgDuaJQvveJP1fdKvBJ
lU5AzD6NQYV/OX74d1P/a/Bd0tEcC38Fo1MwUTAdBgNVHQ4EFgQUxxdImfKDkMb9
XqtVwd294XEFSpwwHwYDVR0jBBgwFoAUxxdImfKDkMb9XqtVwd294XEFSpwwDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEA2ShWNK5AJSvPt3L7jWvo
QtPXW2I8D9Awrl4cntOGYe4CIFS7ubgT9vepwAmE3fyRfYhtgQe3WPz1wX3vmMrF
KN/F
-----END CERTIFICATE-----`;
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgkd3Q15SdazCmgW0M
ei2z2dR1WqjhQ1BeqzUQ9vQ+MxOhRANCAARY+ZIXqO2nIgw/EUjpBocIM5iUIljz
jspRwtgDuaJQvveJP1fdKvBJlU5AzD6NQYV/OX74d1P/a/Bd0tEcC38F
-----END PRIVATE KEY-----`;

const REQUESTS: readonly (readonly [what: string, (supabase: Supabase) => Promise<unknown>])[] = [
  ['an RPC', ({ catalogue }) => catalogue.openPass('codes', ['codes'], 3_600)],
  ['an upload', ({ storage }) => storage.upload('legifrance/codes/a.json', Buffer.from('a'), 'v1:1')],
  ['the creation of the bucket', ({ storage }) => storage.ensureBucket()],
];

const at = (url: string): Supabase =>
  createSupabase({ url, key: () => 'sb_secret_none', bucket: BUCKET, requestTimeoutMs: 30_000 });

async function withServer(server: Server, use: (port: number) => Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use((server.address() as AddressInfo).port);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Expects the failure to name the host and the cause, for each kind of request. */
async function expectUnreachable(url: string, cause: RegExp): Promise<void> {
  const { host } = new URL(url);
  for (const [, request] of REQUESTS) {
    await expect(request(at(url))).rejects.toMatchObject({
      name: 'LegisyncError',
      code: 'SUPABASE_UNREACHABLE',
      message: expect.stringMatching(cause) as string,
      remedy: FAILURES.SUPABASE_UNREACHABLE.remedy,
    });
    await expect(request(at(url))).rejects.toMatchObject({
      message: expect.stringContaining(`SUPABASE_URL: ${host} cannot be reached: `) as string,
    });
  }
}

describe('a SUPABASE_URL that cannot be reached is named, with the cause:', () => {
  it('a name that does not exist', () =>
    expectUnreachable('https://no-such-host.invalid', /the name is not known \((ENOTFOUND|EAI_AGAIN)/));

  it.each(['127.0.0.1', 'localhost'])('a port of %s on which no process listens', async (name) => {
    let dead = 0;
    await withServer(createHttp(), (port) => {
      dead = port;
      return Promise.resolve();
    });
    await expectUnreachable(`http://${name}:${dead}`, /no server listens there \(ECONNREFUSED/);
  });

  it('a certificate that no authority has signed', () =>
    withServer(createHttps({ cert: CERTIFICATE, key: KEY }), (port) =>
      expectUnreachable(
        `https://localhost:${port}`,
        /its certificate is not valid \(DEPTH_ZERO_SELF_SIGNED_CERT/,
      ),
    ));

  it('https:// for a server that speaks http', () =>
    withServer(createHttp(), (port) =>
      expectUnreachable(`https://127.0.0.1:${port}`, /does not speak TLS.* may be confused/),
    ));

  it('but a connection that is lost during the request is an outage of the service that had it', () =>
    withServer(
      createHttp((request) => request.socket.destroy()),
      async (port) => {
        const codes = [];
        for (const [, request] of REQUESTS)
          codes.push(
            await request(at(`http://127.0.0.1:${port}`)).catch(
              (error: unknown) => (error as { code?: string }).code,
            ),
          );
        expect(codes).toEqual(['DATABASE_BUSY', 'STORAGE_BUSY', 'STORAGE_BUSY']);
      },
    ));
});

it('SUPABASE_UNREACHABLE is tried again with backoff, and concerns no document', () => {
  const { retry, concerns } = FAILURES.SUPABASE_UNREACHABLE;
  expect(retry.kind).toBe('backoff');
  expect(concerns).toEqual({ service: 'supabase' });
});

import { createServer as createHttp1, type Server as Http1Server } from 'node:http';
import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer as createTcp, type AddressInfo, type Socket } from 'node:net';

/** Self-signed, for the host name localhost, valid until 2126. It protects nothing. */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBljCCATugAwIBAgIUVSkSjHgQXjm/jN8yHbXGmXMWO8UwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNzExNDYzNFoYDzIxMjYxMTAz
MTE0NjM0WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASyaRyZ6Lbf3TxLj3SMa1SA2oGCzhb5rVSeVR1NoIEhIkxkO9h41YHz
VrXV94nJ4eYabHSOqDT4vC9yuVFbR43ho2kwZzAdBgNVHQ4EFgQUd+FpxHOyGKRs
+s4a6E7SSmDS/+MwHwYDVR0jBBgwFoAUd+FpxHOyGKRs+s4a6E7SSmDS/+MwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
SQAwRgIhAK9h7RQivM1C/k3hrfYUWFhKOZ8HtcHF9LH8ttWAb7N8AiEA6Zgnta2g
Ig+2m7Ojy7326ZaWhaVtUlB3nUE3VKqpc6A=
-----END CERTIFICATE-----
`;
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgZw0kCMl6MURzXLYh
5z5UmQ+zO0mDELiSmkItx6do6w2hRANCAASyaRyZ6Lbf3TxLj3SMa1SA2oGCzhb5
rVSeVR1NoIEhIkxkO9h41YHzVrXV94nJ4eYabHSOqDT4vC9yuVFbR43h
-----END PRIVATE KEY-----
`;

/** The gRPC status of the answer to the nth call, counted from 1. */
export type Answers = (call: number) => { readonly code: number; readonly message?: string };

/** What kind of server listens. */
export interface ServerKind {
  readonly protocol: 'http' | 'grpc' | 'grpc with TLS' | 'grpc with client certificates';
  /** Default: succeeds. */
  readonly answers?: Answers;
}

/** Lends the port of a server on localhost that answers every call with an empty message. */
export async function withServer<T>(
  { protocol, answers = () => ({ code: 0 }) }: ServerKind,
  use: (port: number) => Promise<T>,
): Promise<T> {
  let calls = 0;
  const sockets: Socket[] = [];
  const server = create(protocol).on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => undefined);
    calls += 1;
    const { code, message = '' } = answers(calls);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () =>
      stream.sendTrailers({ 'grpc-status': String(code), 'grpc-message': message }),
    );
    // A message of length 0, without compression.
    stream.end(Buffer.alloc(code === 0 ? 5 : 0));
  });
  for (const event of ['sessionError', 'tlsClientError']) server.on(event, () => undefined);
  server.on('connection', (socket: Socket) => sockets.push(socket));
  server.listen(0, 'localhost');
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    return await use((server.address() as AddressInfo).port);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

function create(protocol: ServerKind['protocol']): Http1Server | Http2Server | Http2SecureServer {
  switch (protocol) {
    case 'http':
      return createHttp1();
    case 'grpc':
      return createServer();
    case 'grpc with TLS':
      return createSecureServer({ key: KEY, cert: CERTIFICATE });
    case 'grpc with client certificates':
      return createSecureServer({ key: KEY, cert: CERTIFICATE, ca: CERTIFICATE, requestCert: true });
  }
}

/** A port of this machine on which nothing listens. */
export async function freePort(): Promise<number> {
  const server = createTcp().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

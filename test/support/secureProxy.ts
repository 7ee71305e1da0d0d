import { once } from 'node:events';
import {
  connect,
  constants,
  createSecureServer,
  type ClientHttp2Session,
  type Http2Session,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Certificate } from './certificates.ts';

/** The gRPC status code of a call without valid credentials. */
const UNAUTHENTICATED = 16;

export interface SecureProxyOptions {
  /** host:port of a gRPC server without TLS. */
  readonly target: string;
  readonly server: Certificate;
  /** Expects certificates of clients that this authority (PEM) has signed. */
  readonly clientAuthority?: string;
  /** Refuses calls without `authorization: Bearer <key>`, as Temporal Cloud does. */
  readonly apiKey?: string;
}

/** What a call is refused with. */
export interface GrpcRefusal {
  readonly code: number;
  /** The text for a call with this header `authorization`. */
  readonly text: (authorization: string) => string;
}

/** A server with TLS in front of a Temporal server without it. */
export interface SecureProxy {
  /** For TEMPORAL_ADDRESS. */
  readonly address: string;
  /** Calls that were forwarded, and calls that were refused. */
  readonly calls: () => { readonly forwarded: number; readonly refused: number };
  /** Refuses every call until it is called again without a refusal. */
  readonly refuse: (refusal?: GrpcRefusal) => void;
  readonly close: () => Promise<void>;
}

/**
 * Opens the proxy on localhost. It ends TLS and forwards each HTTP/2 stream, so it can read the
 * headers of a call. A wrong API key is refused with a text that repeats the key, which a careless
 * server might do.
 */
export async function openSecureProxy(options: SecureProxyOptions): Promise<SecureProxy> {
  const { server: own, clientAuthority, apiKey, target } = options;
  const server = createSecureServer({
    key: own.key,
    cert: own.certificate,
    ...(clientAuthority !== undefined && { ca: clientAuthority, requestCert: true }),
  });
  const sockets = new Set<Socket>();
  const upstreams = new WeakMap<Http2Session, ClientHttp2Session>();
  const calls = { forwarded: 0, refused: 0 };
  let refusal: GrpcRefusal | undefined;

  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  for (const event of ['sessionError', 'tlsClientError']) server.on(event, () => undefined);
  server.on('session', (session: ServerHttp2Session) => {
    const upstream = connect(`http://${target}`);
    upstream.on('error', () => session.destroy());
    upstream.once('close', () => session.close());
    session.once('close', () => upstream.destroy());
    upstreams.set(session, upstream);
  });
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    const { authorization = '' } = headers;
    const wrongKey: GrpcRefusal = { code: UNAUTHENTICATED, text: (given) => `no such key: ${given}` };
    const isWrong = apiKey !== undefined && authorization !== `Bearer ${apiKey}`;
    const refused = isWrong ? wrongKey : refusal;
    const upstream = stream.session === undefined ? undefined : upstreams.get(stream.session);
    stream.on('error', () => undefined);
    if (refused !== undefined) {
      calls.refused += 1;
      refuse(stream, refused.code, refused.text(authorization));
    } else if (upstream === undefined || upstream.destroyed) {
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
    } else {
      calls.forwarded += 1;
      forward(stream, headers, upstream);
    }
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  return {
    address: `localhost:${(server.address() as AddressInfo).port}`,
    calls: () => ({ ...calls }),
    refuse: (next) => {
      refusal = next;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A status in the first and only headers: gRPC's "Trailers-Only". */
function refuse(stream: ServerHttp2Stream, code: number, text: string): void {
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc',
      'grpc-status': String(code),
      'grpc-message': encodeURIComponent(text),
    },
    { endStream: true },
  );
}

function forward(
  stream: ServerHttp2Stream,
  { ':authority': _own, ...headers }: IncomingHttpHeaders,
  upstream: ClientHttp2Session,
): void {
  const call = upstream.request(headers);
  let trailers: IncomingHttpHeaders = {};
  call.on('error', () => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
  call.on('response', (answer: IncomingHttpHeaders & IncomingHttpStatusHeader, flags: number) => {
    if (stream.destroyed) return;
    const isWhole = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    stream.respond(answer, isWhole ? { endStream: true } : { waitForTrailers: true });
    if (!isWhole) call.pipe(stream);
  });
  call.on('trailers', (last: IncomingHttpHeaders) => {
    trailers = last;
  });
  stream.on('wantTrailers', () => {
    if (!stream.destroyed) stream.sendTrailers(trailers);
  });
  // A cancelled call, for example a long poll of a worker that stops.
  stream.once('close', () => call.close(constants.NGHTTP2_CANCEL));
  stream.pipe(call);
}

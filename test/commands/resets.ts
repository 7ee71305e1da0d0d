import {
  connect,
  constants,
  createServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';

/**
 * Lends the address of a proxy for the gRPC server at `target` that resets calls of `method` with
 * CANCEL, like a server that notices a call's deadline before its client does.
 */
export async function withResets<T>(
  target: string,
  method: string,
  use: (address: string) => Promise<T>,
): Promise<T> {
  const upstream = connect(`http://${target}`);
  const sessions: ServerHttp2Session[] = [];
  const server = createServer()
    .on('session', (session) => sessions.push(session))
    .on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      if (headers[':path']?.endsWith(`/${method}`) === true) {
        stream.close(constants.NGHTTP2_CANCEL);
        return;
      }
      const far = upstream.request(headers);
      let trailers: OutgoingHttpHeaders = {};
      far.on('trailers', (found: IncomingHttpHeaders) => {
        trailers = found;
      });
      far.on('response', (found, flags) => {
        // An answer without a body has its status in its only headers.
        const endStream = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
        stream.respond(found, { endStream, waitForTrailers: !endStream });
        stream.on('wantTrailers', () => stream.sendTrailers(trailers));
        if (!endStream) pipeline(far, stream, () => undefined);
      });
      pipeline(stream, far, () => undefined);
    })
    .listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    return await use(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    for (const session of sessions) session.destroy();
    upstream.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

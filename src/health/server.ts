import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Readiness } from './readiness.ts';

/** A listening health endpoint. */
export interface HealthServer {
  /** `host:port`. */
  readonly address: string;
  /** Ends its connections. */
  readonly close: () => Promise<void>;
}

/** A probe sends one short request. */
const REQUEST_MS = 5_000;
const MAX_CONNECTIONS = 20;

/**
 * Serves `GET /live` and `GET /ready` as JSON. `/live` answers 200 while the process answers at all:
 * a worker whose server is down waits and needs no restart. `/ready` answers 200 or 503, with the
 * reasons.
 *
 * @param address `host:port`; an IPv6 host in brackets; port 0: any free port
 * @throws Error if the address cannot be listened on
 */
export async function serveHealth(address: string, ready: () => Promise<Readiness>): Promise<HealthServer> {
  const server = createServer(
    { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS },
    (request, response) => {
      void (async () => {
        const { status, body } = await answer(request.method, request.url, ready);
        response
          .writeHead(status, {
            'content-type': 'application/json',
            'cache-control': 'no-store',
            connection: 'close',
          })
          .end(request.method === 'HEAD' ? undefined : `${JSON.stringify(body)}\n`);
      })();
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  // The endpoint alone must not keep a process alive.
  server.unref();
  const { host, port } = split(address);
  server.listen(port, host);
  await once(server, 'listening');
  return {
    address: `${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  method: string | undefined,
  url: string | undefined,
  ready: () => Promise<Readiness>,
): Promise<{ readonly status: number; readonly body: object }> {
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, body: { error: 'only GET and HEAD' } };
  if (url === '/live') return { status: 200, body: { live: true } };
  if (url !== '/ready') return { status: 404, body: { error: 'only /live and /ready' } };
  const readiness = await ready();
  return { status: readiness.ready ? 200 : 503, body: readiness };
}

function split(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}

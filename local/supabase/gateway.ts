import type { AddressInfo } from 'node:net';
import { mkdir } from 'node:fs/promises';
import { fastify } from 'fastify';
import type { FastifyInstance } from 'fastify';
import { installControl } from './control.ts';
import type { Control } from './control.ts';
import { createCounters } from './counters.ts';
import type { GatewayStats } from './counters.ts';
import { openPool } from './database.ts';
import { assertSecret, createKeyRing, supabaseKeys } from './keys.ts';
import type { SupabaseKeys } from './keys.ts';
import { notImplemented } from './notImplemented.ts';
import { restRoutes } from './rest/routes.ts';
import { createFileStore } from './storage/files.ts';
import { MAX_OBJECT_BYTES } from './storage/limits.ts';
import { storageRoutes } from './storage/routes.ts';

export interface GatewayOptions {
  /** URL of any login of the bootstrapped database. The API logins have the same password. */
  readonly databaseUrl: string;
  /** Folder for the content of the objects; created if missing. */
  readonly storageDir: string;
  /** At least 32 characters. The three keys are derived from it. */
  readonly jwtSecret: string;
  /** Default 127.0.0.1: the gateway has a control route without a password. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
}

export interface Gateway extends SupabaseKeys {
  /** The value for SUPABASE_URL. */
  readonly url: string;
  readonly control: Control;
  stats(): Promise<GatewayStats>;
  /** Ends connections at once; pending requests get no answer. */
  close(): Promise<void>;
}

/** DATABASE_STATEMENT_TIMEOUT of hosted Storage: 30 s, then status 544. */
const STORAGE_STATEMENT_TIMEOUT = '30s';

/**
 * A double of the parts of Supabase that legisync uses, on a real PostgreSQL: Storage
 * (`/storage/v1`) and PostgREST (`/rest/v1`). Rights, row security, timeouts and constraints come
 * from the database; routes, bodies and error texts are imitated. Any other request gets a 501.
 *
 * Its own routes: `GET /_stats`, `GET /_control`, `POST /_control` (`{fault}`, `{latencyMs}`,
 * `{clear: true}`), `GET /_health`.
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  assertSecret(options.jwtSecret);
  const keys = await supabaseKeys(options.jwtSecret);
  const keyRing = createKeyRing(options.jwtSecret, keys);
  await mkdir(options.storageDir, { recursive: true });

  const rest = openPool(options.databaseUrl, 'authenticator');
  const storage = openPool(options.databaseUrl, 'supabase_storage_admin', {
    statement_timeout: STORAGE_STATEMENT_TIMEOUT,
  });
  const counters = createCounters(storage);
  const files = createFileStore(options.storageDir);
  const closing = new AbortController();
  // forceCloseConnections: idle keep-alive connections must not delay the close.
  const app = fastify({ bodyLimit: MAX_OBJECT_BYTES, forceCloseConnections: true });
  // All bodies are parsed as text first: an unsupported call must get a 501, not a parser's error.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  const control = installControl(app, closing.signal);

  app.get('/_health', () => ({ status: 'ok' }));
  app.get('/_stats', () => counters.read());
  await mount(app, '/storage/v1', (scope) =>
    storageRoutes(scope, { keyRing, pool: storage, files, counters }),
  );
  await mount(app, '/rest/v1', (scope) => restRoutes(scope, { keyRing, pool: rest, counters }));
  app.setNotFoundHandler((request, reply) => notImplemented(request, reply));

  const close = async (): Promise<void> => {
    closing.abort();
    await app.close();
    await Promise.all([rest.end(), storage.end()]);
  };
  try {
    await app.listen({ host: options.host ?? '127.0.0.1', port: options.port ?? 0 });
  } catch (error) {
    await close();
    throw error;
  }
  return { ...keys, url: urlOf(app), control, stats: () => counters.read(), close };
}

async function mount(
  app: FastifyInstance,
  prefix: string,
  add: (scope: FastifyInstance) => void,
): Promise<void> {
  await app.register(
    (scope, _options, done) => {
      add(scope);
      done();
    },
    { prefix },
  );
}

function urlOf(app: FastifyInstance): string {
  const address = app.server.address() as AddressInfo;
  return `http://127.0.0.1:${address.port}`;
}

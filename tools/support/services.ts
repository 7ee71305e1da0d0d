import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPortPicker } from '../../local/launcher/ports.ts';
import { prepareShutdown } from '../../local/launcher/shutdown.ts';
import { databaseUrl } from '../../local/postgres/bootstrap.ts';
import { removeDataDir } from '../../local/postgres/dataDir.ts';
import { stackEnvironment } from '../../local/stack/environment.ts';
import { gatewayPart, legifrancePart, postgresPart, temporalPart } from '../../local/stack/parts.ts';
import { stackPaths } from '../../local/stack/paths.ts';
import { supabaseKeys } from '../../local/supabase/keys.ts';
import { findTemporalCli } from '../../local/temporal/cli.ts';

const CHECKOUT = join(import.meta.dirname, '..', '..');

/** The services around legisync, without a worker and without migrations. */
export interface Services {
  /** The settings of legisync for them. */
  readonly settings: Readonly<Record<string, string>>;
  /** URL of the database for its superuser. */
  readonly databaseUrl: string;
  readonly gatewayUrl: string;
  /** Aborted on Ctrl-C. */
  readonly signal: AbortSignal;
  readonly close: () => Promise<void>;
}

/**
 * Starts PostgreSQL, the gateway, the simulator and Temporal on free ports of the loopback address,
 * with their data in a temporary folder.
 *
 * @param rate requests per second: the simulator's limit and the quota
 */
export async function startServices(rate: number, log: (line: string) => void): Promise<Services> {
  const folder = await mkdtemp(join(tmpdir(), 'legisync-services-'));
  // As root, PostgreSQL runs as another user.
  await chmod(folder, 0o755);
  const paths = stackPaths(CHECKOUT, folder);
  const shutdown = prepareShutdown({ log });
  const { signal } = shutdown;
  const close = async (): Promise<void> => {
    await shutdown.begin('done');
    await removeDataDir(paths.postgres);
    await rm(folder, { recursive: true, force: true });
    shutdown.dispose();
  };
  try {
    const context = { paths, signal, onSpawned: () => Promise.resolve() };
    const pick = createPortPicker();
    const port = async (preferred: number): Promise<number> => (await pick(preferred)).port;
    const { path: cliPath } = await findTemporalCli({ log, signal });

    const postgres = await postgresPart(context, await port(54_622));
    shutdown.add(postgres);
    const secret = randomBytes(32).toString('hex');
    const gatewayPort = await port(54_621);
    shutdown.add(await gatewayPart(context, gatewayPort, { databaseUrl: postgres.url, jwtSecret: secret }));
    const clientSecret = randomBytes(16).toString('hex');
    const legifrancePort = await port(54_630);
    shutdown.add(
      await legifrancePart(context, legifrancePort, { rate, latencyMs: 20, decisions: 0, clientSecret }),
    );
    const temporal = await temporalPart(context, { grpc: await port(7_533), ui: await port(8_533) }, cliPath);
    shutdown.add(temporal);

    const asPostgres = new URL(databaseUrl(postgres.url, 'postgres'));
    asPostgres.username = 'postgres';
    const gatewayUrl = `http://127.0.0.1:${gatewayPort}`;
    const settings = stackEnvironment(
      {
        legifranceUrl: `http://127.0.0.1:${legifrancePort}`,
        clientSecret,
        supabaseUrl: gatewayUrl,
        serviceKey: (await supabaseKeys(secret)).serviceKey,
        databaseUrl: asPostgres.href,
        temporalAddress: temporal.address,
      },
      { rate, lanes: undefined },
      {},
      undefined,
    );
    return { settings, databaseUrl: postgres.url, gatewayUrl, signal, close };
  } catch (error) {
    await close();
    throw error;
  }
}

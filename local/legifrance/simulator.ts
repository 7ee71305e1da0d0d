import type { AddressInfo } from 'node:net';
import { createControl, type Control } from './control.ts';
import { parseOptions, type SimulatorOptions } from './options.ts';
import { createParts } from './parts.ts';
import { API_BASE } from './routes/api.ts';
import { TOKEN_PATH } from './routes/token.ts';
import { buildServer } from './server.ts';

/** A running simulator. */
export interface Simulator {
  /** Origin, without a slash at the end. */
  readonly url: string;
  /** Base URL of the API. */
  readonly apiUrl: string;
  readonly tokenUrl: string;
  readonly control: Control;
  /** Cuts every connection and frees the port. */
  readonly close: () => Promise<void>;
}

/**
 * Starts a server that simulates PISTE and Légifrance. When this resolves, the corpus is loaded and
 * the server answers.
 *
 * @param now monotonic time for the quota and the tokens, in ms; tests may pass their own.
 * @throws Error if an option is wrong, a code is not installed, or the port is busy.
 */
export async function createSimulator(
  options: SimulatorOptions = {},
  now: () => number = () => performance.now(),
): Promise<Simulator> {
  const settings = parseOptions(options);
  const parts = await createParts(settings, now);
  const control = createControl(parts);
  const app = buildServer(parts, control);
  await app.listen({ host: settings.host, port: settings.port });
  const { port } = app.server.address() as AddressInfo;
  const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host;
  const url = `http://${host}:${port}`;
  return { url, apiUrl: url + API_BASE, tokenUrl: url + TOKEN_PATH, control, close: () => app.close() };
}

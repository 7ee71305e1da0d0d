import { createServer } from 'node:net';

/** A port that was free, and a note if it is not the preferred one. */
export interface PickedPort {
  readonly port: number;
  /** `port 8233 is busy: using 8234`; undefined if the preferred port was free. */
  readonly note: string | undefined;
}

/** Chooses ports for one stack, never the same one twice. */
export type PortPicker = (preferred: number) => Promise<PickedPort>;

/**
 * Neighbours are easy to remember, but each needs one more bind. After these, the system chooses.
 */
const NEIGHBOURS = 20;

/** The system may return a port that was already picked but is not bound yet: try a few times. */
const SYSTEM_TRIES = 10;

const MAX_PORT = 65_535;

/**
 * Creates a picker: it returns the preferred port if that is free, else one of the 20 after it,
 * else any free port.
 *
 * Nothing reserves a port between the pick and the part's own bind. If another program takes it in
 * between, the part fails to start and its log says why.
 */
export function createPortPicker(host = '127.0.0.1'): PortPicker {
  const given = new Set<number>();

  const take = async (candidate: number): Promise<number | undefined> => {
    const port = await freePort(host, candidate);
    if (port === undefined || given.has(port)) return undefined;
    given.add(port);
    return port;
  };

  return async (preferred) => {
    if (!Number.isInteger(preferred) || preferred < 1 || preferred > MAX_PORT) {
      throw new RangeError(`port ${preferred} is not a port: it must be an integer from 1 to ${MAX_PORT}`);
    }
    const last = Math.min(preferred + NEIGHBOURS, MAX_PORT);
    for (let candidate = preferred; candidate <= last; candidate += 1) {
      const port = await take(candidate);
      if (port !== undefined) {
        return { port, note: port === preferred ? undefined : `port ${preferred} is busy: using ${port}` };
      }
    }
    for (let tries = 0; tries < SYSTEM_TRIES; tries += 1) {
      const port = await take(0);
      if (port !== undefined) return { port, note: `port ${preferred} is busy: using ${port}` };
    }
    throw new Error(
      `no free port on ${host}: ${preferred} to ${last} are busy, and the system offers no other`,
    );
  };
}

/** Binds the port (0: any) and releases it; undefined if it is not available. */
async function freePort(host: string, port: number): Promise<number | undefined> {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      // EACCES: a port below 1024 without permission. Any other error means that the host name is
      // wrong.
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(undefined);
      else reject(error);
    });
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => {
        resolve(address !== null && typeof address === 'object' ? address.port : undefined);
      });
    });
  });
}

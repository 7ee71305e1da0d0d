import { createServer } from 'node:net';

/** A port that was free when asked, and what to tell the person when it is not the one they know. */
export interface PickedPort {
  readonly port: number;
  /** `port 8233 is busy: took 8234`; undefined when the preferred port was free. */
  readonly note: string | undefined;
}

/** Chooses ports for one stack, never the same one twice. */
export type PortPicker = (preferred: number) => Promise<PickedPort>;

/** Neighbours are easier to remember than any free port, but each is one more bind: after these the system chooses. */
const NEIGHBOURS = 20;

/** A port the system hands out can only be one we gave away already if that part has not bound it yet: try again, a few times. */
const SYSTEM_TRIES = 10;

const MAX_PORT = 65_535;

/**
 * Makes a picker: the preferred port if it is free, else one of the 20 after it, else any free one.
 *
 * Nothing holds a port between the picking and the part's own bind. Should another program take it in that moment,
 * the part fails to start and its log says why.
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
        return { port, note: port === preferred ? undefined : `port ${preferred} is busy: took ${port}` };
      }
    }
    for (let tries = 0; tries < SYSTEM_TRIES; tries += 1) {
      const port = await take(0);
      if (port !== undefined) return { port, note: `port ${preferred} is busy: took ${port}` };
    }
    throw new Error(`no free port on ${host}: ${preferred} to ${last} are busy, and the system gave none`);
  };
}

/** Binds the port (0: any) and lets go of it again; undefined when it cannot be had. */
async function freePort(host: string, port: number): Promise<number | undefined> {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      // EACCES: a port below 1024 without the right to it. Both mean "not this one"; anything else is a broken host name.
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

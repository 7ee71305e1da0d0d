import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { serverSetting } from './servers.ts';

/** A connection to the test run's Temporal server that can be disturbed. */
export interface Line {
  readonly address: string;
  /** From now on nothing is transmitted, but the open connections stay open. */
  readonly fallSilent: () => void;
  /** Ends the open connections, and refuses new ones until `restore`. */
  readonly cut: () => Promise<void>;
  readonly restore: () => Promise<void>;
}

export async function withLine<T>(use: (line: Line) => Promise<T>): Promise<T> {
  const [host = '', port = ''] = serverSetting('temporal').split(':');
  const pairs: (readonly [near: Socket, far: Socket])[] = [];
  const server = createServer((near) => {
    const far = connect(Number(port), host);
    pairs.push([near, far]);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      socket.on('error', () => undefined);
      socket.once('close', () => other.destroy());
    }
    near.pipe(far).pipe(near);
  });
  const listen = async (on: number): Promise<void> => {
    server.listen(on, '127.0.0.1');
    await once(server, 'listening');
  };
  const cut = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of pairs.splice(0).flat()) socket.destroy();
    await closed;
  };
  await listen(0);
  const { port: own } = server.address() as AddressInfo;
  try {
    return await use({
      address: `127.0.0.1:${own}`,
      fallSilent: () => {
        for (const [near, far] of pairs) {
          near.unpipe(far);
          far.unpipe(near);
        }
      },
      cut,
      restore: () => listen(own),
    });
  } finally {
    if (server.listening) await cut();
  }
}

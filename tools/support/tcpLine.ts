import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

const HOST = '127.0.0.1';

/** A port of the loopback address in front of a server, so that its connections can be disturbed. */
export interface TcpLine {
  /** Listens; the first time on any free port if none was given, afterwards on the same one. */
  readonly open: () => Promise<void>;
  /** `host:port`, once it was opened. */
  readonly address: () => string;
  /** Ends the open connections, and refuses new ones until `open`. Safe to repeat. */
  readonly cut: () => Promise<void>;
  /** From now on nothing is transmitted, but the open connections stay open. */
  readonly fallSilent: () => void;
}

/** Creates a line that refuses connections until it is opened. @param port 0: any free one */
export function createTcpLine(target: { readonly host: string; readonly port: number }, port = 0): TcpLine {
  const pairs = new Set<readonly [near: Socket, far: Socket]>();
  let own = port;
  const server = createServer((near) => {
    const far = connect(target);
    const pair = [near, far] as const;
    pairs.add(pair);
    for (const [socket, other] of [pair, [far, near]] as const) {
      socket.on('error', () => undefined);
      socket.once('close', () => {
        pairs.delete(pair);
        other.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  return {
    async open() {
      server.listen(own, HOST);
      await once(server, 'listening');
      ({ port: own } = server.address() as AddressInfo);
    },
    address: () => `${HOST}:${own}`,
    async cut() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      for (const socket of [...pairs].flat()) socket.destroy();
      await closed;
    },
    fallSilent() {
      for (const [near, far] of pairs) {
        near.unpipe(far);
        far.unpipe(near);
      }
    },
  };
}

import { createTcpLine } from '../../tools/support/tcpLine.ts';
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
  const { open, address, cut, fallSilent } = createTcpLine({ host, port: Number(port) });
  await open();
  try {
    return await use({ address: address(), fallSilent, cut, restore: open });
  } finally {
    await cut();
  }
}

import { createServer } from 'node:net';

/**
 * Returns `preferred` if it is free, else any free port. Another program may take it before it is
 * used, so the caller must be ready to try again.
 */
export async function choosePort(preferred = 0): Promise<number> {
  const free = await tryPort(preferred);
  return free ?? (await choosePort(0));
}

async function tryPort(port: number): Promise<number | undefined> {
  const probe = createServer();
  const listening = new Promise<boolean>((resolve) => {
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => resolve(true));
  });
  if (!(await listening)) {
    // Port 0 fails only if the machine has no free port at all.
    if (port === 0) throw new Error('No TCP port is free on 127.0.0.1.');
    return undefined;
  }
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : undefined;
}

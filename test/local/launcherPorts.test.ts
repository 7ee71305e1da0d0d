import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { createPortPicker } from '../../local/launcher/ports.ts';

async function listen(port: number): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not a TCP server');
  return { server, port: address.port };
}

describe('the port picker', () => {
  it('returns the preferred port if it is free, without a note', async () => {
    const { server, port } = await listen(0);
    server.close();
    await once(server, 'close');
    expect(await createPortPicker()(port)).toEqual({ port, note: undefined });
  });

  it('returns another port if the preferred one is busy, with a note', async () => {
    const { server, port } = await listen(0);
    try {
      const picked = await createPortPicker()(port);
      expect(picked.port).not.toBe(port);
      expect(picked.note).toBe(`port ${port} is busy: using ${picked.port}`);
      const { server: user } = await listen(picked.port);
      user.close();
      await once(user, 'close');
    } finally {
      server.close();
      await once(server, 'close');
    }
  });

  it('never returns the same port twice, even if it is not bound yet', async () => {
    const { server, port } = await listen(0);
    server.close();
    await once(server, 'close');
    const pick = createPortPicker();
    const picked = await Promise.all([pick(port), pick(port), pick(port)]);
    expect(new Set(picked.map((one) => one.port)).size).toBe(3);
  });

  it.each([0, -1, 65_536, 80.5])('refuses %p', async (preferred) => {
    await expect(createPortPicker()(preferred)).rejects.toThrow('must be an integer from 1 to 65535');
  });
});

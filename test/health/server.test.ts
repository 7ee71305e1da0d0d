import { createServer } from 'node:http';
import { createReadiness, FRESH_MS, type Readiness } from '../../src/health/readiness.ts';
import { serveHealth } from '../../src/health/server.ts';

/** Serves an answer, and returns what a request gets. */
async function ask(path: string, init?: RequestInit, readiness: Readiness = { ready: true, reasons: [] }) {
  const health = await serveHealth('127.0.0.1:0', () => Promise.resolve(readiness));
  try {
    const response = await fetch(`http://${health.address}${path}`, init);
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : (JSON.parse(text) as unknown) };
  } finally {
    await health.close();
  }
}

describe('the health endpoint', () => {
  it('answers /live with 200, even if the worker is not ready', async () => {
    expect(await ask('/live', {}, { ready: false, reasons: ['No.'] })).toEqual({
      status: 200,
      body: { live: true },
    });
  });

  it('answers /ready with 200, or with 503 and the reasons', async () => {
    expect(await ask('/ready')).toEqual({ status: 200, body: { ready: true, reasons: [] } });
    const not = { ready: false, reasons: ['No.'] };
    expect(await ask('/ready', {}, not)).toEqual({ status: 503, body: not });
  });

  it('answers HEAD without a body', async () => {
    expect(await ask('/ready', { method: 'HEAD' })).toEqual({ status: 200, body: null });
  });

  it('refuses other paths and other methods', async () => {
    expect((await ask('/')).status).toBe(404);
    expect((await ask('/ready?x=1')).status).toBe(404);
    expect((await ask('/live', { method: 'POST', body: 'x' })).status).toBe(405);
  });

  it('listens on IPv6 as well', async () => {
    const health = await serveHealth('[::1]:0', () => Promise.resolve({ ready: true, reasons: [] }));
    try {
      expect((await fetch(`http://${health.address}/live`)).status).toBe(200);
    } finally {
      await health.close();
    }
  });

  it('fails if the address is in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const address = taken.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    try {
      await expect(
        serveHealth(`127.0.0.1:${port}`, () => Promise.reject(new Error('unused'))),
      ).rejects.toThrow('EADDRINUSE');
    } finally {
      await new Promise((resolve) => taken.close(resolve));
    }
  });
});

describe('the readiness of a worker', () => {
  /** A worker whose questions are counted, by a clock that the test moves. */
  function worker(state: string) {
    const seen = { asked: 0, time: 1_000_000 };
    const check = createReadiness({
      // Never reached in these states.
      connection: undefined as never,
      namespace: 'default',
      taskQueue: 'legisync',
      identity: 'me',
      buildId: undefined,
      state: () => {
        seen.asked += 1;
        return state;
      },
      now: () => seen.time,
    });
    return { seen, check };
  }

  it('is false while the worker starts or stops, with its state', async () => {
    expect(await worker('DRAINING').check()).toEqual({
      ready: false,
      reasons: ['The worker is not running: its state is DRAINING.'],
    });
  });

  it('is asked once for all probes within two seconds', async () => {
    const { seen, check } = worker('STOPPING');
    await Promise.all([check(), check()]);
    seen.time += FRESH_MS - 1;
    await check();
    const before = seen.asked;
    seen.time += 1;
    await check();
    expect(seen.asked).toBe(2 * before);
  });
});

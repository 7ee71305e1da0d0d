import { openGateway } from './gatewayHarness.ts';
import type { GatewayHarness } from './gatewayHarness.ts';

let stack: GatewayHarness;

beforeAll(async () => {
  stack = await openGateway();
  await stack.client().storage.createBucket('docs');
});
beforeEach(() => {
  stack.gateway.control.clear();
  stack.gateway.control.setLatency(0);
});
afterAll(() => stack.close());

const upload = (name: string) => stack.client().storage.from('docs').upload(name, '1');
const exists = async (name: string): Promise<boolean> =>
  (await stack.sql.query('select 1 from storage.objects where name = $1', [name])).rowCount === 1;

describe('a fault', () => {
  it('answers with its status as often as requested, and does nothing else', async () => {
    const body = { statusCode: '503', error: 'x', message: 'on purpose', code: 'SlowDown' };
    stack.gateway.control.fault({
      kind: 'status',
      status: 503,
      body,
      match: '^POST .*/status.json',
      times: 1,
    });
    expect((await upload('status.json')).error).toMatchObject({
      status: 503,
      statusCode: '503',
      message: 'on purpose',
    });
    expect(await exists('status.json')).toBe(false);
    expect((await upload('status.json')).error).toBeNull();
  });

  it('can be the error page of a proxy', async () => {
    stack.gateway.control.fault({ kind: 'html502', match: 'html.json' });
    expect((await upload('html.json')).error).toMatchObject({ status: 502, statusCode: '502' });
  });

  it('can cut the connection before the work is done', async () => {
    stack.gateway.control.fault({ kind: 'reset-before', match: 'before.json', times: 1 });
    expect((await upload('before.json')).error).toMatchObject({
      name: 'StorageUnknownError',
      message: 'fetch failed',
    });
    expect(await exists('before.json')).toBe(false);
  });

  it('can cut the connection after the work is done: the answer is lost, the object is stored and counted', async () => {
    const before = await stack.gateway.stats();
    stack.gateway.control.fault({ kind: 'reset-after', match: 'after.json', times: 1 });
    expect((await upload('after.json')).error).toMatchObject({ name: 'StorageUnknownError' });
    expect(await exists('after.json')).toBe(true);
    expect((await stack.gateway.stats()).uploads).toBe(before.uploads + 1);
  });

  it('can be a delay', async () => {
    stack.gateway.control.fault({ kind: 'delay', delayMs: 80, match: 'late.json' });
    const start = performance.now();
    expect((await upload('late.json')).error).toBeNull();
    expect(performance.now() - start).toBeGreaterThan(75);
  });

  it('can be set over HTTP, and a wrong request is explained', async () => {
    const order = async (body: object): Promise<Response> =>
      fetch(`${stack.gateway.url}/_control`, { method: 'POST', body: JSON.stringify(body) });
    const armed = await order({ latencyMs: 1, fault: { kind: 'html502', match: 'x', times: 2 } });
    expect(await armed.json()).toEqual({
      latencyMs: 1,
      faults: [{ kind: 'html502', match: 'x', times: 2, left: 2 }],
    });
    const wrong = await order({ fault: { kind: 'nonsense' } });
    expect(wrong.status).toBe(400);
    expect(await (await order({ clear: true })).json()).toMatchObject({ faults: [] });
  });

  it('does not keep a gateway from closing at once', async () => {
    const gateway = await stack.another();
    gateway.control.fault({ kind: 'delay', delayMs: 600_000, match: '.' });
    const waiting = fetch(`${gateway.url}/storage/v1/bucket`).catch(() => 'cut off');
    const arrived = await fetch(`${gateway.url}/_health`);
    expect(arrived.status).toBe(200);
    // If closing waited for the delayed answer, the test would time out.
    await gateway.close();
    expect(await waiting).toBe('cut off');
  });
});

describe('a request that the gateway does not support', () => {
  it('is refused with 501 and a text, on every path', async () => {
    for (const path of ['/auth/v1/user', '/rest/v1/', '/storage/v1/s3/x', '/realtime/v1']) {
      const response = await fetch(`${stack.gateway.url}${path}`, { method: 'POST', body: '{' });
      expect([path, response.status]).toEqual([path, 501]);
      expect(await response.json()).toMatchObject({ message: expect.stringContaining(path) as string });
    }
  });
});

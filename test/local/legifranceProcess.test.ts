import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { CRPA, CUT_OFF } from './legifranceClient.ts';

const MAIN = resolve(import.meta.dirname, '../../local/legifrance/main.ts');
/**
 * Enough for a busy machine to start Node and to stop it; shorter than the delay of the hanging
 * answer.
 */
const DEADLINE_MS = 50_000;

interface Ready {
  readonly url: string;
  readonly tokenUrl: string;
}

describe('Légifrance simulator as a process', () => {
  it('prints its URL, and exits with 0 on SIGTERM even if an answer is still delayed', async () => {
    const args = [MAIN, '--codes', CRPA, '--decisions', '10', '--seed', '3'];
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, LEGIFRANCE_SIMULATOR_RATE: '50' },
    });
    try {
      const signal = AbortSignal.timeout(DEADLINE_MS);
      const [line] = (await once(createInterface(child.stdout), 'line', { signal })) as [string];
      const ready = JSON.parse(line) as Ready;
      const state = (await (await fetch(`${ready.url}/_control`, { signal })).json()) as Record<
        string,
        unknown
      >;
      expect(state).toMatchObject({ rate: 50, articles: 474, decisions: 10 });

      await order(ready, { action: 'fault', fault: { kind: 'slow', delayMs: 120_000, path: 'oauth' } });
      const hanging = expect(
        fetch(ready.tokenUrl, { method: 'POST', body: new URLSearchParams() }),
      ).rejects.toMatchObject(CUT_OFF);
      await waitForToken(ready, signal);
      const exit = once(child, 'exit', { signal });
      child.kill('SIGTERM');
      expect(await exit).toEqual([0, null]);
      await hanging;
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('exits with 1 and names every wrong option', async () => {
    const child = spawn(process.execPath, [MAIN, '--codes', 'LEGITEXT1', '--rate', '0'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(child, 'close', { signal: AbortSignal.timeout(DEADLINE_MS) })) as [number];
    expect(code).toBe(1);
    expect(said).toMatch(/rate/);
    expect(said).toMatch(/codes/);
  });
});

async function order({ url }: Ready, body: unknown): Promise<void> {
  await fetch(`${url}/_control`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** Returns when the request for a token has reached the simulator and has used its fault. */
async function waitForToken({ url }: Ready, signal: AbortSignal): Promise<void> {
  let waiting = 1;
  while (waiting > 0) {
    signal.throwIfAborted();
    const state = (await (await fetch(`${url}/_control`, { signal })).json()) as { faults: unknown[] };
    waiting = state.faults.length;
  }
}

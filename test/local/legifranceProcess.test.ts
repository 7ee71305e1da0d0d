import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { CRPA } from './legifranceClient.ts';

const MAIN = resolve(import.meta.dirname, '../../local/legifrance/main.ts');
/** Enough for a slow machine to start Node and to stop it; far below the answer that hangs for a minute. */
const DEADLINE_MS = 20_000;

interface Ready {
  readonly url: string;
  readonly tokenUrl: string;
}

describe('Légifrance simulator as a process', () => {
  it('says where it is, and ends with 0 on SIGTERM though an answer still waits', async () => {
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
      ).rejects.toThrow();
      await waitForToken(ready, signal);
      const exit = once(child, 'exit', { signal });
      child.kill('SIGTERM');
      expect(await exit).toEqual([0, null]);
      await hanging;
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('ends with 1 and names every wrong option', async () => {
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

/** Returns once the request for a token has reached the simulator and its fault is taken. */
async function waitForToken({ url }: Ready, signal: AbortSignal): Promise<void> {
  let waiting = 1;
  while (waiting > 0) {
    signal.throwIfAborted();
    const state = (await (await fetch(`${url}/_control`, { signal })).json()) as { faults: unknown[] };
    waiting = state.faults.length;
  }
}

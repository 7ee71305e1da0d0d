import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PartFailed, runStep, startPart, type Part, type PartSpec } from '../../local/launcher/child.ts';
import { pollUntil } from '../../local/launcher/poll.ts';
import { createPortPicker } from '../../local/launcher/ports.ts';
import { isRunning, signalGroup, startTimeOf } from '../../local/launcher/processes.ts';
import { httpAnswers, logContains } from '../../local/launcher/ready.ts';

let folder: string;
let logFile: string;
let parts: Part[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'legisync-child-'));
  logFile = join(folder, 'part.log');
  parts = [];
});

afterEach(async () => {
  for (const part of parts) {
    part.kill();
    await part.exited;
  }
  await rm(folder, { recursive: true });
});

/** A part that runs `script` in Node; it is ready when it has printed `ready`. */
function spec(script: string, change: Partial<PartSpec> = {}): PartSpec {
  return {
    name: 'sample',
    command: process.execPath,
    args: ['-e', script],
    env: process.env,
    logFile,
    ready: logContains(logFile, 'ready'),
    readyTimeoutMs: 20_000,
    onSpawned: (part) => void parts.push(part),
    ...change,
  };
}

const STAY = 'setInterval(() => {}, 1000);';

async function rejection(promise: Promise<unknown>): Promise<Error> {
  return await promise.then(
    () => {
      throw new Error('expected a rejection');
    },
    (error: unknown) => error as Error,
  );
}

describe('startPart', () => {
  it('returns when the part answers, in its own process group', async () => {
    const { port } = await createPortPicker()(20_211);
    const url = `http://127.0.0.1:${port}/`;
    const script = `require('node:http').createServer((q, a) => a.end('ok')).listen(${port}, '127.0.0.1')`;

    const part = await startPart(spec(script, { ready: httpAnswers(url) }));

    expect(await (await fetch(url)).text()).toBe('ok');
    expect(signalGroup(part.pid, 'SIGCONT')).toBe(true);
    expect(await startTimeOf(part.pid)).toBe(part.startTime);
    expect(await part.stop(30_000)).toEqual({ code: null, signal: 'SIGTERM', expected: true });
    expect(await isRunning(part)).toBe(false);
  });

  it('quotes the end of the log when the part ends before it is ready', async () => {
    const error = await rejection(startPart(spec("console.error('no disk left'); process.exit(3)")));

    expect(error).toBeInstanceOf(PartFailed);
    expect(error.message).toContain('sample did not become ready: it ended (exit code 3)');
    expect(error.message).toContain('no disk left');
    expect(error.message).toContain(logFile);
  });

  it('fails at the deadline and leaves no process running', async () => {
    const error = await rejection(startPart(spec(STAY, { readyTimeoutMs: 300 })));

    expect(error.message).toContain('no answer within 0.3 s');
    expect(parts).toHaveLength(1);
    for (const part of parts) expect(await isRunning(part)).toBe(false);
  });

  it('fails at the deadline even if a probe never answers', async () => {
    const error = await rejection(
      startPart(spec(STAY, { readyTimeoutMs: 200, ready: () => new Promise(() => undefined) })),
    );
    expect(error.message).toContain('an attempt got no answer');
  });

  it('fails at once, with the reason, when it is aborted', async () => {
    const stop = new AbortController();
    const reason = new Error('stopping: SIGINT');
    const error = await rejection(
      startPart(
        spec(STAY, {
          signal: stop.signal,
          onSpawned: (part) => {
            parts.push(part);
            stop.abort(reason);
          },
        }),
      ),
    );
    expect(error).toBe(reason);
    for (const part of parts) expect(await isRunning(part)).toBe(false);
  });

  it('names a program that does not exist', async () => {
    const error = await rejection(startPart(spec('', { command: join(folder, 'absent') })));
    expect(error.message).toMatch(/^sample cannot be started: .*absent ENOENT/);
  });

  it('creates a new log at each start and keeps the previous one', async () => {
    const first = await startPart(spec(`console.log('ready first'); ${STAY}`));
    await first.stop(5_000);
    await startPart(spec(`console.log('ready second'); ${STAY}`));

    expect(await readFile(logFile, 'utf8')).toBe('ready second\n');
    expect(await readFile(`${logFile}.old`, 'utf8')).toBe('ready first\n');
  });
});

describe('a running part', () => {
  it('is killed if it still runs at the deadline', async () => {
    const part = await startPart(spec(`process.on('SIGTERM', () => {}); console.log('ready'); ${STAY}`));
    expect(await part.stop(100)).toEqual({ code: null, signal: 'SIGKILL', expected: true });
  });

  it('reports an unexpected end', async () => {
    const part = await startPart(spec(`console.log('ready'); ${STAY}`));
    process.kill(part.pid, 'SIGKILL');
    expect(await part.exited).toEqual({ code: null, signal: 'SIGKILL', expected: false });
    expect(await part.stop(1_000)).toMatchObject({ expected: false });
  });

  it('takes its child processes with it, even if only the part is killed', async () => {
    const script = `
      const child = require('node:child_process').spawn(process.execPath, ['-e', '${STAY}'], { stdio: 'ignore' });
      console.log('ready', child.pid); ${STAY}`;
    const part = await startPart(spec(script));
    const grandchild = Number(/ready (\d+)/.exec(await readFile(logFile, 'utf8'))?.[1]);
    expect(await startTimeOf(grandchild)).toBeDefined();

    process.kill(part.pid, 'SIGKILL');
    await part.exited;

    await pollUntil(async () => (await startTimeOf(grandchild)) === undefined, {
      everyMs: 10,
      timeoutMs: 30_000,
    });
  });
});

describe('runStep', () => {
  const step = (script: string, timeoutMs = 20_000) => ({ ...spec(script), timeoutMs });

  it('returns when the program exits with 0', async () => {
    await runStep(step("console.log('migrated')"));
    expect(await readFile(logFile, 'utf8')).toBe('migrated\n');
  });

  it('fails with the exit code and the log when the program fails', async () => {
    const error = await rejection(runStep(step("console.log('no such table'); process.exit(1)")));
    expect(error.message).toContain('sample failed (exit code 1)');
    expect(error.message).toContain('no such table');
  });

  it('ends a program that takes too long', async () => {
    const error = await rejection(runStep(step(STAY, 200)));
    expect(error.message).toContain('sample took longer than 0.2 s');
  });
});

describe('signalGroup', () => {
  it.each([1, 0, -1, 1.5, NaN])('refuses %p: a negative 1 would reach every process', (pid) => {
    expect(() => signalGroup(pid, 'SIGCONT')).toThrow(RangeError);
  });
});

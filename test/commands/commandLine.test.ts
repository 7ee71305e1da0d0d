import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json, legisync, legisyncProcess, withCommandFolder, type Ended } from './harness.ts';

function run(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return withCommandFolder((cwd) => legisync({ cwd, env }, ...args));
}

/** An address at which nobody listens any more. */
async function deadAddress(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

describe('the command line', () => {
  it('shows help with examples and the exit codes, on standard output, and ends with 0', async () => {
    const { code, stdout, stderr } = await run(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('$ legisync up');
    expect(stdout).toMatch(/Exit codes:\n {4}0 {2}done/);
  });

  it('shows help of every command with an example of it', async () => {
    const commands = [
      'up',
      'massive start',
      'massive status',
      'massive pause',
      'massive resume',
      'massive stop',
      'massive concurrency',
      'maintenance run',
      'backfill',
      'backfill status',
      'backfill pause',
      'backfill resume',
      'backfill stop',
      'coherence',
      'missing',
      'dangling',
      'stale',
      'repair dangling',
      'repair stale',
      'rate',
      'schedules plan',
      'schedules apply',
      'migrate',
      'status',
      'config',
    ];
    for (const command of commands) {
      const { code, stdout } = await run([...command.split(' '), '--help']);
      expect([command, code]).toEqual([command, 0]);
      expect(stdout).toContain(`$ legisync ${command}`);
      expect(stdout).toContain('--json');
    }
  });

  it.each([
    [['massive', 'strat'], 'start'],
    [['status', '--jsno'], '--json'],
    [['statsu'], 'status'],
  ])('ends with 2 and says what was meant: %j', async (args, meant) => {
    const { code, stdout, stderr } = await run(args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(`Did you mean ${meant}?`);
  });

  it.each([[[]], [['massive']], [['massive', 'concurrency']], [['status', 'of', 'what']]])(
    'ends with 2 where something is missing or too much: %j',
    async (args) => {
      const { code, stderr } = await run(args);
      expect(code).toBe(2);
      expect(stderr).not.toBe('');
    },
  );

  it('reports a wrong command line as JSON where JSON is asked for, and nothing else', async () => {
    const ended = await run(['statsu', '--json']);
    expect(ended).toMatchObject({ code: 2, stderr: '' });
    expect(json(ended)).toEqual({
      error: { code: 'USAGE', message: expect.stringContaining('statsu') as string, next: 'legisync --help' },
    });
  });
});

describe('the process', () => {
  it.each([
    [['--version'], {}, 0],
    [['statsu', '--json'], {}, 2],
    [['config', '--json'], { LEGISYNC_ADOPT: 'maybe' }, 3],
    [['config', '--json'], {}, 0],
  ])(
    'of %j with %j ends by itself with its code, and what it wrote arrives whole',
    async (args, env, code) => {
      await withCommandFolder(async (cwd) => {
        const [ended, inProcess] = [
          await legisyncProcess({ cwd, env }, ...args),
          await legisync({ cwd, env }, ...args),
        ];
        expect(ended).toEqual(inProcess);
        expect(ended.code).toBe(code);
      });
    },
  );
});

describe('a wrong configuration', () => {
  const env = { LEGISYNC_CONCURRENCY: '0', LEGISYNC_ADOPT: 'maybe', SUPABASE_URL: 'nonsense' };

  it.each([['up'], ['status'], ['config'], ['massive start'], ['schedules apply'], ['migrate']])(
    'ends `%s` with 3, all mistakes at once',
    async (command) => {
      const { code, stderr } = await run(command.split(' '), env);
      expect(code).toBe(3);
      for (const name of Object.keys(env)) expect(stderr).toContain(name);
      expect(stderr).toContain('Next: ');
    },
  );

  it('is one object in JSON', async () => {
    const ended = await run(['status', '--json'], env);
    expect(json(ended)).toMatchObject({ error: { code: 'CONFIG_INVALID' } });
  });

  it('names the setting that `migrate` cannot be without', async () => {
    const { code, stderr } = await run(['migrate']);
    expect(code).toBe(3);
    expect(stderr).toContain('SUPABASE_DB_URL is not set');
  });
});

describe('legisync config', () => {
  it('shows each value with its source, and no secret', async () => {
    await withCommandFolder(async (cwd) => {
      await writeFile(join(cwd, '.env'), 'SUPABASE_URL=https://abc.supabase.co\nLEGISYNC_CONCURENCY=3\n');
      const env = { SUPABASE_SERVICE_ROLE_KEY: 'sb_secret_canary4711', TEMPORAL_API_KEY: 'canary4711' };
      const ended = await legisync({ cwd, env }, 'config', '--json');
      expect(ended.code).toBe(0);
      const { settings } = json(ended);
      expect(settings).toContainEqual({
        name: 'SUPABASE_URL',
        value: 'https://abc.supabase.co',
        source: '.env',
      });
      expect(settings).toContainEqual({
        name: 'SUPABASE_SERVICE_ROLE_KEY',
        value: '[secret]',
        source: 'environment',
      });
      expect(settings).toContainEqual({
        name: 'LEGISYNC_BUCKET',
        value: 'agentbasic-legifrance-raw',
        source: 'default',
      });
      expect(ended.stderr).toContain('Did you mean LEGISYNC_CONCURRENCY?');
      expect(`${ended.stdout}${ended.stderr}`).not.toContain('canary4711');
    });
  });
});

describe('without a Temporal server', () => {
  it('ends with 4 within seconds, names the address, and says what to type', async () => {
    const address = await deadAddress();
    const { code, stderr } = await run(['status'], { TEMPORAL_ADDRESS: address });
    expect(code).toBe(4);
    expect(stderr).toContain(address);
    expect(stderr).toContain('npm start');
  });

  it('does not show the API key, whatever goes wrong', async () => {
    const TEMPORAL_API_KEY = 'canary-of-the-api-key';
    const ended = await run(['status', '--json'], {
      TEMPORAL_ADDRESS: await deadAddress(),
      TEMPORAL_API_KEY,
    });
    expect(ended.code).toBe(4);
    expect(`${ended.stdout}${ended.stderr}`).not.toContain(TEMPORAL_API_KEY);
  });

  it('ends with 3 where Temporal’s own file is wrong, and does not quote it', async () => {
    await withCommandFolder(async (cwd) => {
      const TEMPORAL_CONFIG_FILE = join(cwd, 'temporal.toml');
      await writeFile(TEMPORAL_CONFIG_FILE, '[profile.default]\napi_key = "canary4711\n');
      const { code, stderr } = await legisync({ cwd, env: { TEMPORAL_CONFIG_FILE } }, 'status');
      expect(code).toBe(3);
      expect(stderr).toContain('TEMPORAL_');
      expect(stderr).not.toContain('canary4711');
    });
  });
});

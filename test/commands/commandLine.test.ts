import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deadAddress, json, legisync, legisyncProcess, withCommandFolder, type Ended } from './harness.ts';

function run(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return withCommandFolder((cwd) => legisync({ cwd, env }, ...args));
}

describe('the command line', () => {
  it('prints help with examples and the exit codes on standard output, and exits with 0', async () => {
    const { code, stdout, stderr } = await run(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('$ legisync up');
    expect(stdout).toMatch(/Exit codes:\n {4}0 {2}done/);
  });

  it('prints help for every command with an example', async () => {
    const commands = [
      'up',
      'massive start',
      'massive status',
      'massive pause',
      'massive resume',
      'massive stop',
      'massive lanes',
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
      'env',
    ];
    for (const command of commands) {
      const { code, stdout } = await run([...command.split(' '), '--help']);
      expect([command, code]).toEqual([command, 0]);
      expect(stdout).toContain(`$ legisync ${command}`);
      expect(stdout).toContain('--json');
    }
  });

  it.each([
    [['statsu'], "Unknown command 'statsu'. Did you mean status?", 'legisync status'],
    [['massive', 'strat'], "Unknown command 'strat'. Did you mean start?", 'legisync massive start'],
    [['frobnicate'], "Unknown command 'frobnicate'.", 'legisync --help'],
    [['status', '--jsno'], "Unknown option '--jsno'. Did you mean --json?", 'legisync status --help'],
    [['massive', 'lanes'], "Missing required argument 'n'.", 'legisync massive lanes --help'],
    [
      ['status', 'of', 'what'],
      "Too many arguments for 'status'. Expected 0 arguments but got 2.",
      'legisync status --help',
    ],
  ])('exits with 2 for %j, in the form of all errors', async (args, message, next) => {
    expect(await run(args)).toEqual({
      code: 2,
      stdout: '',
      stderr: `Error USAGE: ${message}\nNext: ${next}\n`,
    });
    const ended = await run([...args, '--json']);
    expect(ended).toMatchObject({ code: 2, stderr: '' });
    expect(json(ended)).toEqual({ error: { code: 'USAGE', message, next } });
  });

  it.each([[[]], [['massive']], [['maintenance']], [['repair']], [['schedules']]])(
    'exits with 2 and prints the help for a group without a command: %j',
    async (args) => {
      const words = ['legisync', ...args].join(' ');
      const { code, stdout, stderr } = await run(args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain(`Usage: ${words} [options] [command]`);
      expect(stderr).toContain(`Error USAGE: ${words} needs a command.\nNext: ${words} --help\n`);
    },
  );
});

describe('the process', () => {
  it.each([
    [['--version'], {}, 0],
    [['statsu', '--json'], {}, 2],
    [['config', '--json'], { LEGISYNC_ADOPT: 'maybe' }, 3],
    [['config', '--json'], {}, 0],
  ])(
    'of %j with %j exits with the code of the command, and its output is complete',
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
  const env = { LEGISYNC_LANES: '0', LEGISYNC_ADOPT: 'maybe', SUPABASE_URL: 'nonsense' };

  it.each([['up'], ['status'], ['config'], ['massive start'], ['schedules apply'], ['migrate']])(
    'makes `%s` exit with 3 and list all mistakes',
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

  it('names the setting that `migrate` needs', async () => {
    const { code, stderr } = await run(['migrate']);
    expect(code).toBe(3);
    expect(stderr).toContain('SUPABASE_DB_URL is not set');
  });
});

describe('legisync config', () => {
  it('shows each value with its source, and no secret', async () => {
    await withCommandFolder(async (cwd) => {
      await writeFile(join(cwd, '.env'), 'SUPABASE_URL=https://abc.supabase.co\nLEGISYNC_LANE=3\n');
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
      expect(ended.stderr).toContain('Did you mean LEGISYNC_LANES?');
      expect(`${ended.stdout}${ended.stderr}`).not.toContain('canary4711');
    });
  });
});

describe('without a Temporal server', () => {
  it('exits with 4 within seconds, names the address and the next command', async () => {
    const address = await deadAddress();
    const { code, stderr } = await run(['status'], { TEMPORAL_ADDRESS: address });
    expect(code).toBe(4);
    expect(stderr).toContain(address);
    expect(stderr).toContain('npm start');
  });

  it('does not show the API key', async () => {
    const TEMPORAL_API_KEY = 'canary-of-the-api-key';
    const ended = await run(['status', '--json'], {
      TEMPORAL_ADDRESS: await deadAddress(),
      TEMPORAL_API_KEY,
    });
    expect(ended.code).toBe(4);
    expect(`${ended.stdout}${ended.stderr}`).not.toContain(TEMPORAL_API_KEY);
  });

  it('exits with 3 if Temporal’s own file is wrong, and does not quote it', async () => {
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

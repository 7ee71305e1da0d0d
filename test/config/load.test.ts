import { inspect } from 'node:util';
import { ConfigError } from '../../src/config/configError.ts';
import type { Need } from '../../src/config/config.ts';
import { loadConfig, type LoadedConfig } from '../../src/config/load.ts';
import { withFolder } from './folder.ts';

const KEY = 'sb_secret_canary_0123456789';
const SUPABASE = { SUPABASE_URL: 'https://abc.supabase.co/', SUPABASE_SERVICE_ROLE_KEY: KEY };

function load(
  env: Record<string, string>,
  files: Record<string, string> = {},
  need: readonly Need[] = [],
): LoadedConfig {
  return withFolder(files, (cwd) => loadConfig({ env, cwd, need }));
}

function failure(
  env: Record<string, string>,
  files: Record<string, string> = {},
  need: readonly Need[] = [],
): ConfigError {
  try {
    load(env, files, need);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('The configuration was accepted.');
}

function setting(loaded: LoadedConfig, name: string) {
  return loaded.settings.find((shown) => shown.name === name);
}

describe('loadConfig', () => {
  it('has a value for everything with a default, if nothing is set', () => {
    const { config, warnings } = load({});
    expect(warnings).toEqual([]);
    expect(config).toMatchObject({
      bucket: 'agentbasic-legifrance-raw',
      taskQueue: 'legisync',
      massive: { collections: ['codes'], lanes: 4, passIntervalSeconds: 900 },
      maintenance: {
        collections: ['urbanisme'],
        cron: '0 */2 * * *',
        timezone: 'UTC',
        limit: 100,
        pageSize: 50,
      },
      quota: { perSecond: 20, perHour: 24_000, perDay: 280_000, reservePercent: 2, pacing: 'smooth' },
      collecting: { adopt: 'trust', consultConcurrency: 10 },
      claims: { attempts: 5 },
      guard: { maxDeletePercent: 50 },
    });
    expect(config.supabase).toBeUndefined();
    expect(config.legifrance).toBeUndefined();
    expect(config.database).toBeUndefined();
  });

  it('prefers the environment, then .env, then the default', () => {
    const files = { '.env': 'LEGISYNC_TASK_QUEUE=file\nLEGISYNC_LOG_LEVEL=debug\n' };
    const loaded = load({ LEGISYNC_TASK_QUEUE: 'process' }, files);
    expect(setting(loaded, 'LEGISYNC_TASK_QUEUE')).toMatchObject({ value: 'process', source: 'environment' });
    expect(setting(loaded, 'LEGISYNC_LOG_LEVEL')).toMatchObject({ value: 'debug', source: '.env' });
    expect(setting(loaded, 'LEGISYNC_ADOPT')).toMatchObject({ value: 'trust', source: 'default' });
    expect(loaded.config).toMatchObject({ taskQueue: 'process', log: { level: 'debug' } });
  });

  it('reads a running stack instead of .env, as its worker does', () => {
    const stack = { pid: process.pid, env: { LEGISYNC_TASK_QUEUE: 'stack', LEGISYNC_BUCKET: 'stack' } };
    const files = {
      '.local/stack.json': JSON.stringify(stack),
      '.env': 'LEGISYNC_BUCKET=file\nLEGISYNC_COLLECTIONS=of-production.json\nTEMPORAL_TLS=true\n',
    };
    const loaded = load({ LEGISYNC_TASK_QUEUE: 'process' }, files);
    expect(setting(loaded, 'LEGISYNC_TASK_QUEUE')).toMatchObject({ value: 'process', source: 'environment' });
    expect(setting(loaded, 'LEGISYNC_BUCKET')).toMatchObject({ value: 'stack', source: '.local/stack.json' });
    expect(setting(loaded, 'LEGISYNC_COLLECTIONS')).toMatchObject({ value: null, source: 'not set' });
    expect(loaded.config.temporal.environment.reveal()).not.toHaveProperty('TEMPORAL_TLS');
  });

  it('ignores a stack whose launcher has ended', () => {
    // Above the highest process id of Linux (2^22).
    const stack = { pid: 2 ** 22 + 1, env: { LEGISYNC_BUCKET: 'gone' } };
    expect(load({}, { '.local/stack.json': JSON.stringify(stack) }).config.bucket).toBe(
      'agentbasic-legifrance-raw',
    );
  });

  it('ignores a stack file that is not JSON with a warning that does not quote it', () => {
    const { warnings } = load({}, { '.local/stack.json': `{"env":{"KEY":"${KEY}"` });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('stack.json');
    expect(warnings[0]).not.toContain(KEY);
  });

  it('counts an empty value as not set', () => {
    expect(load({ LEGISYNC_BUCKET: '', LEGISYNC_METRICS_ADDRESS: ' ' }).config.bucket).toBe(
      'agentbasic-legifrance-raw',
    );
  });

  it('reports all mistakes at once: name, value, rule and source of the value', () => {
    const error = failure(
      {
        LEGISYNC_LANES: '17',
        LEGISYNC_MAINTENANCE_LIMIT: 'many',
        SUPABASE_URL: 'ftp://x',
        LEGISYNC_ADOPT: 'maybe',
      },
      { '.env': 'LEGISYNC_MAINTENANCE_CRON=* * *' },
      ['legifrance'],
    );
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.mistakes.map(({ name }) => name).sort()).toEqual([
      'LEGISYNC_ADOPT',
      'LEGISYNC_LANES',
      'LEGISYNC_MAINTENANCE_CRON',
      'LEGISYNC_MAINTENANCE_LIMIT',
      'PISTE_CLIENT_ID',
      'PISTE_CLIENT_SECRET',
      'SUPABASE_SERVICE_ROLE_KEY',
      'SUPABASE_URL',
    ]);
    expect(error.message).toContain(
      'LEGISYNC_LANES must be a whole number from 1 to 16; it is "17" (from environment)',
    );
    expect(error.message).toContain('(from .env)');
    expect(error.message).toContain('PISTE_CLIENT_ID is not set');
    expect(error.message).toContain('.env.example');
  });

  it('never shows a secret in a mistake', () => {
    const canary = 'canary key with spaces 4711';
    const error = failure({
      ...SUPABASE,
      SUPABASE_SERVICE_ROLE_KEY: canary,
      SUPABASE_DB_URL: `mysql://u:${canary}@h`,
    });
    expect(error.mistakes.map(({ name }) => name)).toEqual(['SUPABASE_SERVICE_ROLE_KEY', 'SUPABASE_DB_URL']);
    expect(`${error.message}${inspect(error)}${JSON.stringify(error)}`).not.toContain('canary');
  });

  it('requires only the settings that a command needs', () => {
    expect(failure({}, {}, ['database']).mistakes).toEqual([{ name: 'SUPABASE_DB_URL', rule: 'is not set' }]);
    expect(
      load({ SUPABASE_DB_URL: 'postgres://u:p@h/d' }, {}, ['database']).config.database?.url.reveal(),
    ).toBe('postgres://u:p@h/d');
  });

  it('refuses half of a part: a URL without its key is a mistake', () => {
    expect(failure({ SUPABASE_URL: 'https://abc.supabase.co' }).message).toContain(
      'SUPABASE_SERVICE_ROLE_KEY is not set, but SUPABASE_URL is',
    );
  });

  it.each(['sb_secret_abc', 'eyJh.eyJy.c2ln'])('accepts both kinds of service key: %s', (key) => {
    expect(
      load({ ...SUPABASE, SUPABASE_SERVICE_ROLE_KEY: key }).config.supabase?.serviceRoleKey.reveal(),
    ).toBe(key);
  });

  it.each(['sb_publishable_abc', 'eyJh.eyJy', 'service_role'])(
    'refuses what is not a service key: %s',
    (key) => {
      const { mistakes } = failure({ ...SUPABASE, SUPABASE_SERVICE_ROLE_KEY: key });
      expect(mistakes.map(({ name }) => name)).toEqual(['SUPABASE_SERVICE_ROLE_KEY']);
    },
  );

  it.each([
    ['postgresql://postgres:c%22an%2Fary@db.abc.supabase.co:5432/postgres', ['c"an/ary']],
    ['postgresql://postgres:not%encoded@db.abc.supabase.co:5432/postgres', ['not%encoded']],
    ['postgresql://postgres@db.abc.supabase.co:5432/postgres', []],
    // To hide the name of the role would hide half of the messages.
    ['postgresql://postgres:postgres@127.0.0.1:54322/postgres', []],
  ])('knows the password in %s as a secret of its own', (url, password) => {
    expect(loadConfig({ env: { SUPABASE_DB_URL: url }, cwd: '/nowhere' }).secrets).toEqual([
      url,
      ...password,
    ]);
  });

  it('holds secrets so that printing the configuration does not print them', () => {
    const loaded = load({
      ...SUPABASE,
      TEMPORAL_API_KEY: 'canary-temporal-key',
      TEMPORAL_ADDRESS: 'host:7233',
    });
    const printed = `${JSON.stringify(loaded.config)}${inspect(loaded.config, { depth: 9, showHidden: true })}${String(loaded.config.supabase?.serviceRoleKey)}${JSON.stringify(loaded.settings)}`;
    expect(printed).not.toContain(KEY);
    expect(printed).not.toContain('canary-temporal-key');
    expect(setting(loaded, 'TEMPORAL_API_KEY')?.value).toBe('[secret]');
    expect(setting(loaded, 'TEMPORAL_ADDRESS')?.value).toBe('host:7233');
    expect([...loaded.secrets].sort()).toEqual(['canary-temporal-key', KEY]);
  });

  it.each(['LEGIFRANCE_TOKEN_URL', 'LEGIFRANCE_API_URL', 'SUPABASE_URL'] as const)(
    'refuses URLs that would send a secret over a network in plain text: %s',
    (name) => {
      const given = (url: string) => ({ ...SUPABASE, [name]: url });
      for (const host of [
        'localhost',
        'localhost:54321',
        '127.0.0.1:54330',
        '127.1.2.3',
        '[::1]:80',
        'supabase-gateway',
      ]) {
        expect(() => load(given(`http://${host}/x`))).not.toThrow();
      }
      for (const host of [
        'oauth.piste.gouv.fr',
        '127.0.0.1.example.com',
        '10.0.0.7',
        '128.0.0.1',
        '[::2]',
        '[::ffff:8.8.8.8]',
        'localhost.example',
      ]) {
        expect(failure(given(`http://${host}/x`)).message).toContain(`${name} must be https://`);
        expect(() => load(given(`https://${host}/x`))).not.toThrow();
      }
    },
  );

  it.each(['0', '101', '50.5', '-1', 'half'])(
    'refuses %j as a share of the table, with its bounds',
    (share) => {
      const { message } = failure({ LEGISYNC_MAX_DELETE_PERCENT: share });
      expect(message).toContain('LEGISYNC_MAX_DELETE_PERCENT must be a whole number from 1 to 100');
    },
  );

  it.each([1, 100])('accepts %d percent as a share of the table', (share) => {
    const { config } = load({ LEGISYNC_MAX_DELETE_PERCENT: String(share) });
    expect(config.guard.maxDeletePercent).toBe(share);
  });

  it('drops the slash at the end of a URL', () => {
    expect(load(SUPABASE).config.supabase?.url).toBe('https://abc.supabase.co');
  });

  it('warns of unknown LEGISYNC names, and suggests the nearest known one', () => {
    const { warnings } = load({ LEGISYNC_LANE: '8' }, { '.env': 'LEGISYNC_QUITE_ANOTHER_THING=1' });
    expect(warnings).toEqual([
      'LEGISYNC_LANE (from environment) is not a setting of legisync and was ignored. Did you mean LEGISYNC_LANES?',
      'LEGISYNC_QUITE_ANOTHER_THING (from .env) is not a setting of legisync and was ignored. See .env.example.',
    ]);
  });

  it('gives Temporal the values of every source, the environment first', () => {
    const files = { '.env': 'TEMPORAL_ADDRESS=file:1\nTEMPORAL_NAMESPACE=file\nTEMPORAL_TLS=true\nOTHER=x' };
    const { config } = load({ TEMPORAL_NAMESPACE: 'process', HOME: '/home/x' }, files);
    expect(config.temporal.environment.reveal()).toEqual({
      HOME: '/home/x',
      TEMPORAL_NAMESPACE: 'process',
      TEMPORAL_ADDRESS: 'file:1',
      TEMPORAL_TLS: 'true',
    });
  });
});

describe('collections', () => {
  const own = [
    { name: 'plu', sources: [{ kind: 'search', name: 'decisions', fond: 'CETAT', query: 'plu' }] },
  ];
  const env = { LEGISYNC_COLLECTIONS: 'mine.json', LEGISYNC_MASSIVE: 'plu', LEGISYNC_MAINTENANCE: 'none' };

  it('are collected by MASSIVE, and those with a search by MAINTENANCE, unless settings say otherwise', () => {
    const codes = { name: 'civil', sources: [{ kind: 'codes', name: 'codes' }] };
    const alone = { LEGISYNC_COLLECTIONS: 'mine.json' };
    const both = load(alone, { 'mine.json': JSON.stringify([...own, codes]) });
    expect(setting(both, 'LEGISYNC_MASSIVE')).toMatchObject({ value: 'plu,civil', source: 'default' });
    expect(both.config.massive.collections).toEqual(['plu', 'civil']);
    expect(both.config.maintenance.collections).toEqual(['plu']);
    const one = load(alone, { 'mine.json': JSON.stringify([codes]) });
    expect(one.config.maintenance.collections).toEqual([]);
  });

  it('come from the file that the setting names', () => {
    const { config } = load(env, { 'mine.json': JSON.stringify(own) });
    expect(config.collections).toEqual(own);
    expect(config.massive.collections).toEqual(['plu']);
    expect(config.maintenance.collections).toEqual([]);
  });

  it('must be known if another setting names them', () => {
    expect(failure({ LEGISYNC_MASSIVE: 'codes, urbanism' }).message).toContain(
      'LEGISYNC_MASSIVE must name known collections (codes, urbanisme); it is "urbanism"',
    );
  });

  it.each([
    ['is not JSON', 'nonsense'],
    ['has a name that cannot be a folder', JSON.stringify([{ ...own[0], name: '../x' }])],
    [
      'has a source of unknown kind',
      JSON.stringify([{ name: 'plu', sources: [{ kind: 'rss', name: 'x' }] }]),
    ],
    ['has two collections with the same name', JSON.stringify([...own, ...own])],
    [
      'has two sources with the same name',
      JSON.stringify([{ name: 'plu', sources: [own[0]?.sources[0], own[0]?.sources[0]] }]),
    ],
    ['has an unknown key', JSON.stringify([{ ...own[0], soruces: [] }])],
  ])('are refused if the file %s', (_what, text) => {
    expect(failure(env, { 'mine.json': text }).mistakes.map(({ name }) => name)).toEqual([
      'LEGISYNC_COLLECTIONS',
    ]);
  });

  it('are refused if the file does not exist', () => {
    expect(failure(env).message).toContain('LEGISYNC_COLLECTIONS must name a JSON file');
  });
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { collectionsFile } from '../../local/stack/collections.ts';
import { stackEnvironment } from '../../local/stack/environment.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'legisync-collections-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('npm start -- --collections', () => {
  it('names the file as seen from the current folder', async () => {
    const file = join(folder, 'mine.json');
    await writeFile(file, '[]');
    expect(await collectionsFile(relative(process.cwd(), file))).toBe(file);
  });

  it('refuses a file that is no JSON, or does not exist, with the place where it was looked up', async () => {
    const file = join(folder, 'mine.json');
    await writeFile(file, '{');
    await expect(collectionsFile(file)).rejects.toThrow(`${file} cannot be read as JSON (SyntaxError: `);
    await expect(collectionsFile('nosuch.json')).rejects.toThrow(join(process.cwd(), 'nosuch.json'));
  });
});

describe('the settings that a local stack leaves for the commands', () => {
  const ADDRESSES = {
    legifranceUrl: 'http://127.0.0.1:1',
    clientSecret: 'secret',
    supabaseUrl: 'http://127.0.0.1:2',
    serviceKey: 'key',
    databaseUrl: 'postgresql://127.0.0.1:3/postgres',
    temporalAddress: '127.0.0.1:4',
  };
  const OPTIONS = { rate: 20, lanes: undefined };

  it('are those of its worker: also those in the environment of npm start, and the file of collections', () => {
    const given = { LEGISYNC_LANES: '8', LEGISYNC_COLLECTIONS: 'mine.json', LEGISYNC_STACK: 'x', HOME: '/' };
    const settings = stackEnvironment(ADDRESSES, OPTIONS, given, '/home/mine.json');
    expect(settings).toMatchObject({ LEGISYNC_LANES: '8', LEGISYNC_COLLECTIONS: '/home/mine.json' });
    expect(settings).not.toHaveProperty('LEGISYNC_STACK');
    expect(settings).not.toHaveProperty('HOME');
  });

  it('are not those that would lead to other servers, or slow it down', () => {
    const given = { LEGISYNC_BUCKET: 'theirs', LEGISYNC_QUOTA_PER_HOUR: '1' };
    const settings = stackEnvironment(ADDRESSES, OPTIONS, given, undefined);
    expect(settings).toMatchObject({
      LEGISYNC_BUCKET: 'agentbasic-legifrance-raw',
      LEGISYNC_QUOTA_PER_HOUR: '72000',
    });
  });
});

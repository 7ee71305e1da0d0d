import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { collectionSettings } from '../../local/stack/collections.ts';

const CODES = { name: 'mine', sources: [{ kind: 'codes', name: 'codes' }] };
const SEARCH = {
  name: 'permis',
  sources: [{ kind: 'search', name: 'codes', fond: 'CODE_DATE', query: 'permis' }],
};

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'legisync-collections-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function settingsFor(content: unknown): Promise<Readonly<Record<string, string>>> {
  const file = join(folder, 'mine.json');
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  return collectionSettings(relative(process.cwd(), file));
}

describe('npm start -- --collections', () => {
  it('collects all collections of the file, and runs MAINTENANCE for those with a search', async () => {
    expect(await settingsFor([CODES, SEARCH])).toEqual({
      LEGISYNC_COLLECTIONS: join(folder, 'mine.json'),
      LEGISYNC_MASSIVE: 'mine,permis',
      LEGISYNC_MAINTENANCE: 'permis',
    });
    expect(await settingsFor([CODES])).toMatchObject({ LEGISYNC_MAINTENANCE: 'none' });
  });

  it.each([
    ['no JSON', '{', /cannot be read as JSON/],
    ['no list', { mine: CODES }, /must be a list of collections/],
    ['an empty list', [], /must be a list of collections/],
  ])('names the file that is %s', async (_what, content, message) => {
    await expect(settingsFor(content)).rejects.toThrow(message);
    await expect(settingsFor(content)).rejects.toThrow(join(folder, 'mine.json'));
  });

  it('names a file that does not exist, where it was looked up', async () => {
    await expect(collectionSettings('nosuch.json')).rejects.toThrow(join(process.cwd(), 'nosuch.json'));
  });
});

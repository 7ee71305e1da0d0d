import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { matchGlobs, readSchemaFiles } from '../../tools/sql/files.ts';
import { checkName, migrationPath } from '../../tools/sql/name.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'legisync-sql-files-'));
  for (const path of [
    'schemas/b/1.sql',
    'schemas/b/10.sql',
    'schemas/b/2.sql',
    'schemas/a/1.sql',
    'schemas/a/x/1.sql',
  ]) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), `-- ${path}`);
  }
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('schema_paths', () => {
  it('are read as the Supabase CLI does: sorted within a glob, and the first glob that matches a file counts', () => {
    expect(matchGlobs(folder, ['./schemas/b/2.sql', 'schemas/*/*.sql', './schemas/a/x/*.sql'])).toEqual([
      'schemas/b/2.sql',
      'schemas/a/1.sql',
      'schemas/b/1.sql',
      'schemas/b/10.sql',
      'schemas/a/x/1.sql',
    ]);
  });

  it('must each match a file', () => {
    expect(() => matchGlobs(folder, ['schemas/a/*.sql', 'schemas/c/*.sql'])).toThrow(
      /^The glob "schemas\/c\/\*\.sql" matches no file\./,
    );
  });

  it.each(['schemas/**/*.sql', 'schemas/[ab]/*.sql', 'schemas/{a,b}/*.sql'])(
    'must not have %s, which Node and the CLI may read in two ways',
    (glob) => {
      expect(() => matchGlobs(folder, [glob])).toThrow(/has more than \* and \?/);
    },
  );

  it('are in config.toml', async () => {
    await writeFile(join(folder, 'config.toml'), '[db.migrations]\nschema_paths = ["./schemas/a/*.sql"]');
    expect(await readSchemaFiles(folder)).toEqual([{ path: 'schemas/a/1.sql', sql: '-- schemas/a/1.sql' }]);
    await writeFile(join(folder, 'config.toml'), '[db]\nmajor_version = 17');
    await expect(readSchemaFiles(folder)).rejects.toThrow(
      /Under \[db\.migrations\], schema_paths must be a list/,
    );
  });
});

describe('The file of a migration', () => {
  it('has a name of lower-case letters, digits and underscores', () => {
    expect(checkName('claim_order_2')).toBe('claim_order_2');
    for (const name of ['', 'Claims', 'claim-order', 'a/b', 'a b', 'é']) {
      expect(() => checkName(name)).toThrow(`"${name}" is not a name for a migration`);
    }
  });

  it('begins with the time in UTC', () => {
    expect(migrationPath('a', new Date('2026-03-04T05:06:07.999Z'), [])).toBe(
      'migrations/20260304050607_a.sql',
    );
  });

  it('sorts after the newest migration, also when that is from the future', () => {
    const paths = ['migrations/20991231235959_b.sql', 'migrations/20260101000000_a.sql'];
    expect(migrationPath('c', new Date('2026-03-04T05:06:07Z'), paths)).toBe(
      'migrations/21000101000000_c.sql',
    );
  });

  it('is compared with migrations that have a timestamp', () => {
    expect(() => migrationPath('c', new Date(), ['migrations/0001_init.sql'])).toThrow(
      /^The name of migrations\/0001_init\.sql does not begin with a timestamp/,
    );
  });
});

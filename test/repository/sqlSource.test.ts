import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { applyFiles, applySchemas } from '../../tools/sql/apply.ts';
import { readDependencies } from '../../tools/sql/catalogue/dependencies.ts';
import { DEFINITION } from '../../tools/sql/catalogue/model.ts';
import { readCatalogue } from '../../tools/sql/catalogue/read.ts';
import { compareCatalogues } from '../../tools/sql/compare.ts';
import { describeDatabase } from '../../tools/sql/describe.ts';
import { readMigrations, readSchemaFiles, type SqlFile } from '../../tools/sql/files.ts';
import type { Side } from '../../tools/sql/plan.ts';
import { asPostgres } from '../../tools/sql/session.ts';
import { withBareDatabase } from '../tools/databases.ts';

const FOLDER = join(__dirname, '../../supabase');
const SCHEMA = readFileSync(join(FOLDER, 'schema.sql'), 'utf8');

/** The catalogue of an empty Supabase database after these files. */
function madeBy(files: readonly SqlFile[]): Promise<Side> {
  return withBareDatabase((url) =>
    asPostgres(url, async (client) => {
      await applyFiles(client, files);
      return { catalogue: await readCatalogue(client), dependencies: await readDependencies(client) };
    }),
  );
}

let files: readonly SqlFile[];
let declared: Side;

beforeAll(async () => {
  files = await readSchemaFiles(FOLDER);
  declared = await madeBy(files);
});

describe('supabase/schemas', () => {
  it('makes the same database as the migrations, applied one after the other', async () => {
    const migrated = await madeBy(await readMigrations(FOLDER));
    expect(compareCatalogues(migrated.catalogue, declared.catalogue)).toEqual([]);
  });

  it('makes the database that supabase/schema.sql describes; else: npm run sql:schema', () => {
    expect(describeDatabase(declared.catalogue, declared.dependencies)).toBe(SCHEMA);
  });

  it('makes the database that supabase/schema.sql makes when it is applied', async () => {
    const described = await madeBy([{ path: 'schema.sql', sql: SCHEMA }]);
    expect(compareCatalogues(described.catalogue, declared.catalogue)).toEqual([]);
  });

  it('may be applied a second time, which changes nothing', async () => {
    const twice = await madeBy([...files, ...files]);
    expect(compareCatalogues(twice.catalogue, declared.catalogue)).toEqual([]);
  });

  it('makes one object with each file', async () => {
    const applied = await withBareDatabase((url) => asPostgres(url, (client) => applySchemas(client, files)));
    const several = applied
      .map(({ path, made }) => [
        path,
        ...made.filter(({ fact }) => fact === DEFINITION).map(({ key }) => key),
      ])
      .filter(([, ...objects]) => objects.length > 1);
    expect(several).toEqual([]);
  });

  it('is compared so that an edit of one function, in one place, is found', async () => {
    const edited = 'schemas/queue/take_over_content.sql';
    const changed = await madeBy(
      files.map(({ path, sql }) => ({
        path,
        sql: path === edited ? sql.replace('\nbegin\n', '\nbegin\n  -- \n') : sql,
      })),
    );
    expect(compareCatalogues(changed.catalogue, declared.catalogue)).toEqual([
      expect.objectContaining({
        kind: 'function',
        name: expect.stringMatching(/^legisync\.take_over_content\(/) as string,
        fact: DEFINITION,
      }),
    ]);
    expect(describeDatabase(changed.catalogue, changed.dependencies)).not.toBe(SCHEMA);
  });

  it('has no file that schema_paths leaves out', () => {
    const all = globSync('schemas/**/*.sql', { cwd: FOLDER }).map((path) => path.replaceAll('\\', '/'));
    expect(files.map(({ path }) => path).sort()).toEqual(all.sort());
  });

  it('has files of at most 120 lines, and half of them at most 40', () => {
    const lengths = files.map(({ sql }) => sql.trimEnd().split('\n').length).sort((a, b) => a - b);
    expect(lengths.at(-1)).toBeLessThanOrEqual(120);
    expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThanOrEqual(40);
  });

  it('executes at most five texts as SQL, outside the rights', () => {
    const dynamic = files
      .filter(({ path }) => !path.startsWith('schemas/rights/'))
      .flatMap(({ path, sql }) => {
        const code = sql.replaceAll(/--.*$/gm, '').replaceAll(/\b(revoke|grant) execute\b/gi, '');
        return [...code.matchAll(/\bexecute\b(?!\s+(?:function|procedure)\b)/gi)].map(() => path);
      });
    expect(dynamic.length).toBeLessThanOrEqual(5);
  });
});

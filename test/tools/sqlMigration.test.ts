import { report } from '../../tools/sql/report.ts';
import { FILES, withSqlProject } from './sqlProject.ts';

const EMPTY = { migration: undefined, drops: [], files: [], byHand: [], refused: undefined };

describe('sql:migration', () => {
  it('writes the texts of all files, including comments, in the order of schema_paths', () =>
    withSqlProject(async (project) => {
      const { files, byHand, refused } = await project.migrate('first');
      expect({ byHand, refused }).toEqual({ byHand: [], refused: undefined });
      expect(files).toEqual([
        'schemas/rights/first.sql',
        'schemas/base/schema.sql',
        'schemas/tables/goods.sql',
        'schemas/base/label.sql',
        'schemas/base/price.sql',
        'schemas/views/prices.sql',
        'schemas/rights/last.sql',
      ]);
      const text = await project.newest();
      expect(text).toMatch(/^-- Written by `npm run sql:migration`/);
      for (const path of files) {
        expect(text).toContain(`-- supabase/${path}\n${FILES[path as keyof typeof FILES]}`);
      }
    }));

  it('has nothing to do when nothing has changed', () =>
    withSqlProject(async (project) => {
      await project.migrate('first');
      const generated = await project.migrate('second');
      expect(generated).toMatchObject(EMPTY);
      expect(report(generated)).toEqual([expect.stringMatching(/^Nothing to do/)]);
    }));

  it('replaces a function whose body has changed, and nothing else, between the statement files', () =>
    withSqlProject(async (project) => {
      await project.migrate('first');
      await project.write({
        'schemas/base/label.sql': FILES['schemas/base/label.sql'].replace('upper', 'lower'),
      });
      const { files, drops, byHand } = await project.migrate('lower');
      expect({ drops, byHand }).toEqual({ drops: [], byHand: [] });
      expect(files).toEqual([
        'schemas/rights/first.sql',
        'schemas/base/label.sql',
        'schemas/rights/last.sql',
      ]);
      expect(await project.migrate('again')).toMatchObject(EMPTY);
    }));

  it('writes the statement files where only rights have changed', () =>
    withSqlProject(async (project) => {
      await project.migrate('first');
      await project.write({
        'schemas/rights/last.sql': 'revoke all on function legisync.label(text) from public;',
      });
      const { files, byHand } = await project.migrate('rights');
      expect(byHand).toEqual([]);
      expect(files).toEqual(['schemas/rights/first.sql', 'schemas/rights/last.sql']);
      expect(await project.migrate('again')).toMatchObject(EMPTY);
    }));

  it('adds a column at the end of a view without dropping it', () =>
    withSqlProject(async (project) => {
      await project.migrate('first');
      await project.write({
        'schemas/views/prices.sql':
          'create or replace view legisync.prices as select id, legisync.price(id) as price, name from legisync.goods;',
      });
      const { drops, files } = await project.migrate('names');
      expect(drops).toEqual([]);
      expect(files).toContain('schemas/views/prices.sql');
      expect(await project.migrate('again')).toMatchObject(EMPTY);
    }));

  it('writes only what the files of --only make, and the statement files', () =>
    withSqlProject(async (project) => {
      const index = 'create index if not exists goods_name on legisync.goods (name);\n';
      await project.write({ 'schemas/tables/goods_name.sql': index });
      await project.migrate('tables', 'schemas/base/schema.sql', 'schemas/tables/goods.sql');
      const { files, byHand } = await project.migrate('index', 'schemas/tables/goods_*.sql');
      expect(byHand).toEqual([]);
      expect(files).toEqual([
        'schemas/rights/first.sql',
        'schemas/tables/goods_name.sql',
        'schemas/rights/last.sql',
      ]);
      const rest = await project.migrate('rest');
      expect(rest.files).not.toContain('schemas/tables/goods.sql');
      expect(rest.files).not.toContain('schemas/tables/goods_name.sql');
      expect(rest.byHand).toEqual([]);
      expect(await project.migrate('again')).toMatchObject(EMPTY);
    }));

  it('says which file fails, why, and in which line', () =>
    withSqlProject(async (project) => {
      await project.write({ 'schemas/base/price.sql': 'select 1;\nselect legisync.nothing();' });
      await expect(project.migrate('first')).rejects.toThrow(
        'schemas/base/price.sql failed: function legisync.nothing() does not exist (line 2)',
      );
    }));

  it('refuses two files that make the same function', () =>
    withSqlProject(async (project) => {
      await project.write({
        'schemas/base/price2.sql': FILES['schemas/base/price.sql'].replace('100', '200'),
      });
      await expect(project.migrate('first')).rejects.toThrow(
        'schemas/base/price2.sql changes the function legisync.price(bigint), which schemas/base/price.sql makes.',
      );
    }));

  it('refuses an object of a kind that it cannot describe', () =>
    withSqlProject(async (project) => {
      await project.write({ 'schemas/tables/cents.sql': 'create domain legisync.cents as integer;' });
      await expect(project.migrate('first')).rejects.toThrow(
        /does not describe these objects\..*: type legisync\.cents$/,
      );
    }));
});

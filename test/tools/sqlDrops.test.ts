import { report } from '../../tools/sql/report.ts';
import { FILES, withSqlProject } from './sqlProject.ts';

const EMPTY = { migration: undefined, byHand: [], refused: undefined };

describe('sql:migration', () => {
  it('drops a function that is not in the schemas any more', () =>
    withSqlProject(async (project) => {
      await project.migrate('first');
      await project.write({ 'schemas/base/label.sql': undefined });
      const { files } = await project.migrate('no_label');
      expect(files).toEqual(['schemas/rights/first.sql', 'schemas/rights/last.sql']);
      expect(await project.newest()).toContain(
        '-- Dropped: function legisync.label(text). It is not in the schemas any more.\n' +
          'drop routine if exists legisync.label(text);\n',
      );
      expect(await project.migrate('again')).toMatchObject(EMPTY);
    }));

  it('drops a function whose parameters change, after the view on it, creates both again, and names the lost rights', () =>
    withSqlProject(async (project) => {
      await project.migrate('first');
      await project.write({
        'migrations/20990101000000_grants.sql': 'grant select on legisync.prices to authenticated;',
        'schemas/base/price.sql': FILES['schemas/base/price.sql'].replace('p_id', 'p_goods'),
      });
      const generated = await project.migrate('parameter');
      expect(generated).toMatchObject({ byHand: [], refused: undefined });
      expect(generated.migration?.path).toBe('migrations/20990101000001_parameter.sql');
      expect(generated.files).toEqual([
        'schemas/rights/first.sql',
        'schemas/base/price.sql',
        'schemas/views/prices.sql',
        'schemas/rights/last.sql',
      ]);
      const drops = [
        'Dropped: view legisync.prices. It depends on function legisync.price(bigint).',
        'Lost with it, because no schema file grants it: grant select on legisync.prices to authenticated;',
        'Dropped: function legisync.price(bigint). It changes its parameters or its result.',
        'Depends on it, and is dropped first: view legisync.prices.',
      ];
      expect(report(generated)).toEqual(expect.arrayContaining(drops));
      const [view1, view2, function1, function2] = drops;
      expect(await project.newest()).toContain(
        `-- ${view1}\n-- ${view2}\ndrop view if exists legisync.prices;\n\n` +
          `-- ${function1}\n-- ${function2}\ndrop routine if exists legisync.price(bigint);\n`,
      );
      expect(await project.migrate('again')).toMatchObject(EMPTY);
    }));

  it('drops what depends on a view before the view if its columns change', () =>
    withSqlProject(async (project) => {
      const cheapest = `create or replace function legisync.cheapest() returns setof legisync.prices
language sql stable
begin atomic
  select p from legisync.prices p order by price limit 1;
end;\n`;
      await project.write({ 'schemas/views/prices_cheapest.sql': cheapest });
      await project.migrate('first');
      await project.write({
        'schemas/views/prices.sql': `create or replace view legisync.prices as
          select id::text, legisync.price(id) as price from legisync.goods;`,
      });
      const { drops } = await project.migrate('text_ids');
      expect(drops.map(({ object }) => object.name)).toEqual(['legisync.cheapest()', 'legisync.prices']);
      expect(await project.migrate('again')).toMatchObject(EMPTY);
    }));

  it('reports which parts of a table depend on a function that it drops', () =>
    withSqlProject(async (project) => {
      const goods = FILES['schemas/tables/goods.sql'];
      await project.write({
        'schemas/tables/goods.sql': goods.replace('not null', 'not null check (legisync.fits(name))'),
        'schemas/base/schema.sql': `create schema if not exists legisync;
          create or replace function legisync.fits(p_name text) returns boolean language sql immutable return true;`,
      });
      await project.migrate('first');
      await project.write({
        'schemas/tables/goods.sql': goods,
        'schemas/base/schema.sql': 'create schema if not exists legisync;',
      });
      const generated = await project.migrate('no_check');
      expect(report(generated)).toContain(
        'Depends on it, and must be changed by hand before this statement: constraint goods_name_check on table legisync.goods.',
      );
      expect(generated.refused).toMatch(/cannot drop function legisync.fits\(text\)/);
      expect(generated.byHand).toEqual([
        expect.objectContaining({
          name: 'legisync.goods',
          fact: 'constraint goods_name_check',
          new: undefined,
        }),
      ]);
    }));
});

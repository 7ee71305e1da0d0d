import { report } from '../../tools/sql/report.ts';
import { FILES, withSqlProject } from './sqlProject.ts';

const EMPTY = { migration: undefined, byHand: [], refused: undefined };
const GOODS = FILES['schemas/tables/goods.sql'];

describe('sql:migration', () => {
  it('lists changes of existing tables with both sides, to be written by hand', () =>
    withSqlProject(async (project) => {
      await project.migrate('first');
      await project.write({
        'schemas/tables/goods.sql': `${GOODS.replace('name text not null', 'name varchar(80) not null,\n  weight integer')}
          create index if not exists goods_weight on legisync.goods (weight);`,
      });
      const generated = await project.migrate('weights');
      const table = { kind: 'table', name: 'legisync.goods' };
      expect(generated.byHand).toEqual([
        {
          ...table,
          fact: 'column name',
          old: 'name text not null',
          new: 'name character varying(80) not null',
        },
        { ...table, fact: 'column weight', old: undefined, new: 'weight integer' },
        {
          ...table,
          fact: 'index legisync.goods_weight',
          old: undefined,
          new: 'CREATE INDEX goods_weight ON legisync.goods USING btree (weight);',
        },
      ]);
      const lines = [
        '  table legisync.goods, column name',
        '    in the migrations: name text not null',
        '    in the schemas:    name character varying(80) not null',
      ];
      expect(report(generated)).toEqual(expect.arrayContaining(lines));

      const text = await project.newest();
      const list = /^-- By hand: .*\n(?:-- .*\n)+/m.exec(text)?.[0] ?? '';
      for (const line of lines) expect(list).toContain(`-- ${line}\n`);
      const statements = `alter table legisync.goods alter name type varchar(80), add weight integer;
        create index goods_weight on legisync.goods (weight);`;
      const { path = '' } = generated.migration ?? {};
      await project.write({ [path]: text.replace(list, statements) });
      expect(await project.migrate('again')).toMatchObject(EMPTY);
    }));

  it('writes functions that need a new column, and reports that PostgreSQL refuses them for now', () =>
    withSqlProject(async (project) => {
      await project.migrate('first');
      await project.write({
        'schemas/tables/goods.sql': GOODS.replace(
          'name text not null',
          'name text not null,\n  weight integer',
        ),
        'schemas/views/prices.sql':
          'create or replace view legisync.prices as select id, legisync.price(id) as price, weight from legisync.goods;',
      });
      const generated = await project.migrate('weights');
      expect(generated.files).toContain('schemas/views/prices.sql');
      expect(generated.refused).toMatch(/column "weight" does not exist/);
      expect(generated.byHand.map(({ fact }) => fact)).toEqual(['column weight']);
      const { path = '' } = generated.migration ?? {};
      await project.write({
        [path]: (await project.newest()).replace(
          /^-- By hand: .*\n(?:-- .*\n)+/m,
          'alter table legisync.goods add weight integer;\n',
        ),
      });
      expect(await project.migrate('again')).toMatchObject(EMPTY);
    }));

  it('reports a new column between old ones, because in a database it comes last', () =>
    withSqlProject(async (project) => {
      await project.migrate('first');
      await project.write({
        'migrations/20990101000000_weight.sql': 'alter table legisync.goods add weight integer;',
        'schemas/tables/goods.sql': GOODS.replace('  name', '  weight integer,\n  name'),
      });
      const { byHand } = await project.migrate('order');
      expect(byHand).toEqual([
        {
          kind: 'table',
          name: 'legisync.goods',
          fact: 'order of columns',
          old: 'id, name, weight',
          new: 'id, weight, name',
        },
      ]);
    }));

  it('leaves a type that a table uses to be changed by hand, and replaces an unused one', () =>
    withSqlProject(async (project) => {
      const type = (name: string, label: string) =>
        `do $$ begin if to_regtype('legisync.${name}') is null then
           create type legisync.${name} as enum ('${label}'); end if; end $$;`;
      const useUnit = `create or replace function legisync.is_unit(p legisync.unit) returns boolean
         language sql immutable return p is not null;`;
      await project.write({
        'schemas/tables/a_colour.sql': type('colour', 'red'),
        'schemas/tables/a_unit.sql': type('unit', 'kg'),
        'schemas/tables/goods.sql': GOODS.replace('name text', 'colour legisync.colour,\n  name text'),
        'schemas/base/unit.sql': useUnit,
      });
      expect(await project.migrate('first')).toMatchObject({ byHand: [], refused: undefined });
      await project.write({
        'schemas/tables/a_colour.sql': type('colour', 'blue'),
        'schemas/tables/a_unit.sql': type('unit', 't'),
      });
      const { byHand, drops, refused } = await project.migrate('types');
      expect(refused).toBeUndefined();
      expect(drops.map(({ object }) => object.name)).toEqual([
        'legisync.is_unit(legisync.unit)',
        'legisync.unit',
      ]);
      expect(byHand).toEqual([
        expect.objectContaining({ kind: 'type', name: 'legisync.colour', fact: 'definition' }),
      ]);
    }));

  it('does not drop a table', () =>
    withSqlProject(async (project) => {
      await project.write({
        'schemas/tables/old.sql': 'create table if not exists legisync.old (id integer);',
      });
      await project.migrate('first');
      await project.write({ 'schemas/tables/old.sql': undefined });
      const { byHand } = await project.migrate('no_old');
      expect(byHand).toEqual([
        {
          kind: 'table',
          name: 'legisync.old',
          fact: 'definition',
          old: 'create table legisync.old',
          new: undefined,
        },
      ]);
      expect(await project.newest()).not.toMatch(/^drop/m);
    }));
});

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { generateMigration, type Generated } from '../../tools/sql/generate.ts';
import { withBareDatabase } from './databases.ts';

/** A folder `supabase` with a few objects, for one test. */
export interface SqlProject {
  /** Writes files, by their paths in the folder; undefined removes one. */
  readonly write: (files: Readonly<Record<string, string | undefined>>) => Promise<void>;
  /** Generates a migration and, as the command does, writes it. */
  readonly migrate: (name: string, ...only: string[]) => Promise<Generated>;
  /** The newest migration. */
  readonly newest: () => Promise<string>;
}

const CONFIG = `
[db.migrations]
schema_paths = [
  "./schemas/rights/first.sql", "./schemas/base/schema.sql", "./schemas/tables/*.sql", "./schemas/base/*.sql",
  "./schemas/views/*.sql", "./schemas/rights/last.sql",
]`;

export const FILES = {
  'config.toml': CONFIG,
  'schemas/rights/first.sql': `-- The first statement.\ndo $$ begin perform 'first'; end $$;\n`,
  'schemas/base/schema.sql': 'create schema if not exists legisync;\n',
  'schemas/tables/goods.sql': `-- What is sold.
create table if not exists legisync.goods (
  id bigint generated always as identity primary key,
  name text not null
);\n`,
  'schemas/base/price.sql': `-- In cents.
create or replace function legisync.price(p_id bigint) returns integer
language sql immutable
return 100;\n`,
  'schemas/base/label.sql': `create or replace function legisync.label(p_name text) returns text
language plpgsql
as $$
begin
  return upper(p_name);
end
$$;\n`,
  'schemas/views/prices.sql':
    'create or replace view legisync.prices as select id, legisync.price(id) as price from legisync.goods;\n',
  'schemas/rights/last.sql': `-- The last statement.\nnotify pgrst, 'reload schema';\n`,
} as const;

/** Lends a project of `FILES`, without a migration. */
export async function withSqlProject(use: (project: SqlProject) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'legisync-sql-project-'));
  const project: SqlProject = {
    async write(files) {
      for (const [path, text] of Object.entries(files)) {
        const file = join(folder, path);
        await mkdir(dirname(file), { recursive: true });
        await (text === undefined ? rm(file) : writeFile(file, text));
      }
    },
    async migrate(name, ...only) {
      const generated = await withBareDatabase((migrated) =>
        withBareDatabase((declared) =>
          generateMigration({ folder, name, only, now: new Date() }, { migrated, declared }),
        ),
      );
      const { migration } = generated;
      if (migration !== undefined) await project.write({ [migration.path]: migration.sql });
      return generated;
    },
    async newest() {
      const name = (await readdir(join(folder, 'migrations'))).sort().at(-1) ?? '';
      return readFile(join(folder, 'migrations', name), 'utf8');
    },
  };
  try {
    await project.write(FILES);
    await use(project);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

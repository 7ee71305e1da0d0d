/**
 * `npm run sql:migration <name> [-- --only <glob>…]`: writes the changes in supabase/schemas as a
 * new migration, and supabase/schema.sql. See docs/database.md.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { generateMigration } from './generate.ts';
import { EXIT, FOLDER, print, runCommand, writeSchema } from './main.ts';
import { checkName } from './name.ts';
import { report } from './report.ts';
import { withThrowAwayServer } from './throwAway.ts';

const USAGE = 'Usage: npm run sql:migration <name> [-- --only <glob>…]';

function readArguments(): { readonly name: string; readonly only: readonly string[] } {
  const { values, positionals } = parseArgs({
    options: { only: { type: 'string', multiple: true, default: [] } },
    allowPositionals: true,
  });
  const [name, ...more] = positionals;
  if (name === undefined) throw new Error(`The migration needs a name. ${USAGE}`);
  if (more.length > 0) {
    throw new Error(`"${more.join(' ')}" is one argument too many; quote globs and repeat --only. ${USAGE}`);
  }
  return { name: checkName(name), only: values.only };
}

await runCommand(async () => {
  const { name, only } = readArguments();
  const generated = await withThrowAwayServer(async (newDatabase) =>
    generateMigration(
      { folder: FOLDER, name, only, now: new Date() },
      { migrated: await newDatabase('migrated'), declared: await newDatabase('declared') },
    ),
  );
  const { migration } = generated;
  if (migration !== undefined) await writeFile(join(FOLDER, migration.path), migration.sql, { flag: 'wx' });
  for (const line of report(generated)) print(line);
  await writeSchema(generated.schema);
  return generated.byHand.length > 0 || generated.refused !== undefined ? EXIT.byHand : EXIT.done;
});

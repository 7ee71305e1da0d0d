/**
 * `npm run sql:schema`: writes supabase/schema.sql, which describes the database that
 * supabase/schemas makes.
 */
import { generateSchema } from './generate.ts';
import { EXIT, FOLDER, runCommand, writeSchema } from './main.ts';
import { withThrowAwayServer } from './throwAway.ts';

await runCommand(async () => {
  await writeSchema(
    await withThrowAwayServer(async (newDatabase) => generateSchema(FOLDER, await newDatabase('declared'))),
  );
  return EXIT.done;
});

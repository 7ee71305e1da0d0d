import type { Generated } from './generate.ts';
import { differenceLines, dropLines } from './text.ts';

/** The lines to print about a generated migration. */
export function report({ migration, drops, files, byHand, refused }: Generated): string[] {
  if (migration === undefined) {
    return ['Nothing to do: the migrations make what supabase/schemas says. No migration is written.'];
  }
  const path = `supabase/${migration.path}`;
  return [
    `Written: ${path}, with the text of`,
    ...files.map((file) => `  supabase/${file}`),
    ...drops.flatMap(dropLines),
    ...(byHand.length > 0 ? byHandLines(path, byHand) : []),
    ...(refused === undefined
      ? []
      : [
          `PostgreSQL refuses the migration as it is now: ${refused}`,
          'Edit it, then run this command again to check it.',
        ]),
  ];
}

function byHandLines(path: string, byHand: Generated['byHand']): string[] {
  return [
    'By hand: existing tables are changed by statements that you write.',
    ...byHand.flatMap(differenceLines),
    `Add the statements to ${path}, where it lists these changes, and run this command again to check them.`,
  ];
}

import { keyOf } from './catalogue/model.ts';
import type { Difference } from './compare.ts';
import { dropStatement } from './drops.ts';
import type { Drop } from './drops.ts';
import type { SqlFile } from './files.ts';
import type { Plan } from './plan.ts';

const HEADER = `\
-- Written by \`npm run sql:migration\`. To change a function, a view, a trigger or rights, edit supabase/schemas and
-- write another migration: see docs/database.md.
`;

/** The text of a migration, with a list of the changes to make by hand, at their place. */
export function migrationText(plan: Plan, byHand: readonly Difference[]): string {
  return [
    HEADER,
    ...plan.leading.map(fileText),
    ...plan.drops.map(dropText),
    ...(byHand.length > 0 ? [byHandText(byHand)] : []),
    ...plan.files.map(fileText),
  ].join('\n');
}

function fileText({ path, sql }: SqlFile): string {
  return `-- supabase/${path}\n${sql.trimEnd()}\n`;
}

function dropText(drop: Drop): string {
  return `${[...dropLines(drop).map((line) => `-- ${line}`), dropStatement(drop.object)].join('\n')}\n`;
}

function byHandText(differences: readonly Difference[]): string {
  const lines = [
    'By hand: write the statements here that make these changes, and remove this list.',
    ...differences.flatMap(differenceLines),
  ];
  return `${lines.map((line) => `-- ${line}`).join('\n')}\n`;
}

/** Describes a drop and what is lost with it, for the migration and the terminal. */
export function dropLines({ object, reason, dependents, foreignGrants }: Drop): string[] {
  const again = dependents.filter(({ data, dependent }) => !data && dependent !== null);
  const inTheWay = dependents.filter(({ data, dependent }) => data || dependent === null);
  return [
    `Dropped: ${keyOf(object)}. It ${reason}.`,
    ...(again.length > 0 ? [`Depends on it, and is dropped first: ${texts(again)}.`] : []),
    ...(inTheWay.length > 0
      ? [`Depends on it, and must be changed by hand before this statement: ${texts(inTheWay)}.`]
      : []),
    ...(foreignGrants.length > 0
      ? [`Lost with it, because no schema file grants it: ${foreignGrants.map(({ sql }) => sql).join(' ')}`]
      : []),
  ];
}

function texts(items: readonly { readonly text: string }[]): string {
  return items.map(({ text }) => text).join(', ');
}

/** Describes both sides of a difference, for the migration and the terminal. */
export function differenceLines({ kind, name, fact, old, new: current }: Difference): string[] {
  return [
    `  ${kind} ${name}, ${fact}`,
    `    in the migrations: ${oneLine(old)}`,
    `    in the schemas:    ${oneLine(current)}`,
  ];
}

function oneLine(sql: string | undefined): string {
  return sql === undefined ? 'absent' : sql.replaceAll(/\s+/g, ' ');
}

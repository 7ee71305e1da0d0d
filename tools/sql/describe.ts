import type { Dependency } from './catalogue/dependencies.ts';
import { keyOf, KINDS } from './catalogue/model.ts';
import type { Catalogue, DatabaseObject } from './catalogue/model.ts';

const HEADER = `\
-- The database that supabase/schemas and all migrations make, as PostgreSQL describes it. Written by
-- \`npm run sql:migration\` and \`npm run sql:schema\`; not meant to be edited. The source is supabase/schemas: see
-- docs/database.md.
--
-- Applied to an empty Supabase project, as the role postgres, it makes the same database. It lacks rows, such as the one
-- of legisync.settings.
set check_function_bodies = off;
`;

/**
 * The text of schema.sql: statements grouped by object. Each object comes after those that it
 * depends on, and otherwise by kind and name.
 */
export function describeDatabase(catalogue: Catalogue, dependencies: readonly Dependency[]): string {
  return [HEADER, ...inOrder(catalogue, dependencies).map(describeObject)].join('\n');
}

function describeObject(object: DatabaseObject): string {
  const lines = object.statements.map(({ sql }) => sql);
  if (object.kind === 'table') lines[0] = `${lines[0] ?? ''} (\n${elements(object)}\n);`;
  return [`-- ${keyOf(object)}`, ...lines, ''].join('\n');
}

function elements(table: DatabaseObject): string {
  return table.elements.map(({ sql }) => `  ${sql}`).join(',\n');
}

/** Topological order. Of the objects that are ready, the first by kind and name comes next. */
function inOrder(catalogue: Catalogue, dependencies: readonly Dependency[]): DatabaseObject[] {
  const waitsFor = new Map<string, Set<string>>();
  for (const { dependent, on } of dependencies) {
    if (dependent === null) continue;
    waitsFor.set(dependent, (waitsFor.get(dependent) ?? new Set()).add(on));
  }
  const rest = [...catalogue.values()].sort(byKindAndName);
  const ordered: DatabaseObject[] = [];
  const done = new Set<string>();
  while (rest.length > 0) {
    const next = rest.findIndex((object) =>
      [...(waitsFor.get(keyOf(object)) ?? [])].every((key) => done.has(key)),
    );
    const object = rest[next];
    if (object === undefined) {
      throw new Error(`These objects depend on each other in a cycle: ${rest.map(keyOf).join(', ')}`);
    }
    rest.splice(next, 1);
    ordered.push(object);
    done.add(keyOf(object));
  }
  return ordered;
}

function byKindAndName(a: DatabaseObject, b: DatabaseObject): number {
  const byKind = KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind);
  if (byKind !== 0) return byKind;
  return a.name < b.name ? -1 : 1;
}

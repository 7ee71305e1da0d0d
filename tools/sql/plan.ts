import { idOf } from './apply.ts';
import type { AppliedFile } from './apply.ts';
import type { Dependency } from './catalogue/dependencies.ts';
import { DEFINITION, keyOf } from './catalogue/model.ts';
import type { Catalogue, Kind } from './catalogue/model.ts';
import { compareCatalogues } from './compare.ts';
import type { Difference } from './compare.ts';
import { planDrops } from './drops.ts';
import type { Drop } from './drops.ts';

/** What the catalogue of one side says. */
export interface Side {
  readonly catalogue: Catalogue;
  readonly dependencies: readonly Dependency[];
}

export interface Plan {
  /** Statement files before all others. */
  readonly leading: readonly AppliedFile[];
  readonly drops: readonly Drop[];
  /** Files of new and changed objects, and statement files, in the order of schema_paths. */
  readonly files: readonly AppliedFile[];
  /** Nothing that concerns the migration differs. */
  readonly empty: boolean;
  /** Whether a difference concerns the migration: see `only`. */
  readonly concerns: (difference: Difference) => boolean;
  /** Whether the migration should remove a difference. */
  readonly isWritten: (difference: Difference) => boolean;
}

/** Kinds that a schema file changes with `create or replace`. */
const REPLACEABLE: ReadonlySet<Kind> = new Set(['function', 'view', 'trigger']);

/** Facts that the statement files set for all objects. */
const RIGHTS: ReadonlySet<string> = new Set(['rights', 'owner']);

/**
 * Decides what a migration from the database of the migrations to that of the schemas contains.
 *
 * @param only paths of the files whose objects the migration concerns. Undefined: all files, and
 * objects that no file makes any more.
 */
export function planMigration(
  migrated: Side,
  declared: Side,
  applied: readonly AppliedFile[],
  only?: ReadonlySet<string>,
): Plan {
  const maker = makersOf(applied);
  const concerns = (difference: Difference) => only === undefined || only.has(maker(difference) ?? '');
  const fromFile = (difference: Difference) => isWrittenFromFile(difference, maker);

  const differences = compareCatalogues(migrated.catalogue, declared.catalogue).filter(concerns);
  const drops = planDrops(
    migrated.catalogue,
    declared.catalogue,
    migrated.dependencies,
    ({ kind, name }) => only === undefined || only.has(maker({ kind, name, fact: DEFINITION }) ?? ''),
  );
  const dropped = new Set(drops.map(({ object }) => keyOf(object)));
  const written = new Set([
    ...differences.filter(fromFile).map(maker),
    ...drops.map(({ object: { kind, name } }) => maker({ kind, name, fact: DEFINITION })),
  ]);
  const firstObject = Math.max(
    0,
    applied.findIndex(({ made }) => made.length > 0),
  );
  return {
    leading: applied.slice(0, firstObject),
    drops,
    files: applied.slice(firstObject).filter(({ path, made }) => made.length === 0 || written.has(path)),
    empty: differences.length === 0,
    concerns,
    isWritten: (difference) =>
      RIGHTS.has(difference.fact) || dropped.has(keyOf(difference)) || fromFile(difference),
  };
}

type FactOf = Pick<Difference, 'kind' | 'name' | 'fact'>;
type Maker = (fact: FactOf) => string | undefined;

/**
 * Finds the file that makes a fact or, for a property such as a comment, the file of the object.
 */
function makersOf(applied: readonly AppliedFile[]): Maker {
  const makers = new Map(applied.flatMap((file) => file.made.map((made) => [idOf(made), file.path])));
  return (fact) => {
    const key = keyOf(fact);
    return makers.get(idOf({ key, fact: fact.fact })) ?? makers.get(idOf({ key, fact: DEFINITION }));
  };
}

/**
 * Whether applying the schema file removes the difference. It does for new objects, for what
 * `create or replace` changes, and for what a file adds to another file's table, such as an index.
 * It does not for new parts of a file's own table, because `create table if not exists` does not
 * change an existing table.
 */
function isWrittenFromFile(difference: Difference, maker: Maker): boolean {
  const { kind, fact, old, new: current } = difference;
  if (current === undefined || RIGHTS.has(fact)) return false;
  if (REPLACEABLE.has(kind)) return true;
  if (old !== undefined) return false;
  return fact === DEFINITION || maker(difference) !== maker({ ...difference, fact: DEFINITION });
}

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
  /** Whether the migrations and the schemas differ at all, as far as the migration is to look. */
  readonly empty: boolean;
  /** Whether a difference is about what the migration is to look at. */
  readonly concerns: (difference: Difference) => boolean;
  /** Whether a difference should be gone once the migration is applied. */
  readonly isWritten: (difference: Difference) => boolean;
}

/** `create or replace` and a text from the schemas can change these. */
const REPLACEABLE: ReadonlySet<Kind> = new Set(['function', 'view', 'trigger']);

/** What the statement files set, for all objects. */
const RIGHTS: ReadonlySet<string> = new Set(['rights', 'owner']);

/**
 * Decides what a migration from the database of the migrations to that of the schemas consists of.
 *
 * @param only paths of the files whose objects it is about; undefined: all, and what no file makes any more
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

/** Which file makes a fact; for what is only said about an object, e.g. its comment, which one makes the object. */
function makersOf(applied: readonly AppliedFile[]): Maker {
  const makers = new Map(applied.flatMap((file) => file.made.map((made) => [idOf(made), file.path])));
  return (fact) => {
    const key = keyOf(fact);
    return makers.get(idOf({ key, fact: fact.fact })) ?? makers.get(idOf({ key, fact: DEFINITION }));
  };
}

/**
 * New objects are, changes of what can be replaced, and what a file adds to the table of another file, e.g. an index.
 * What a table's own file has more than the table is not: `create table if not exists` leaves the table as it is.
 */
function isWrittenFromFile(difference: Difference, maker: Maker): boolean {
  const { kind, fact, old, new: current } = difference;
  if (current === undefined || RIGHTS.has(fact)) return false;
  if (REPLACEABLE.has(kind)) return true;
  if (old !== undefined) return false;
  return fact === DEFINITION || maker(difference) !== maker({ ...difference, fact: DEFINITION });
}

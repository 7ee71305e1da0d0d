import type { Dependency } from './catalogue/dependencies.ts';
import { DEFINITION } from './catalogue/model.ts';
import type { Catalogue, DatabaseObject, Grant, Kind } from './catalogue/model.ts';

/** An object of the migrations that has to go, for good or to be made again. */
export interface Drop {
  readonly object: DatabaseObject;
  /** Why, as the end of a sentence that begins with the object. */
  readonly reason: string;
  /** What depends on it. Other drops come first; a part of a table has to be changed by hand. */
  readonly dependents: readonly Dependency[];
  /** Rights of roles to which the schemas grant nothing of the kind. They are lost. */
  readonly foreignGrants: readonly Grant[];
}

/** Objects without data: they can be dropped and made again. */
const DROPPABLE: ReadonlySet<Kind> = new Set(['function', 'view', 'trigger', 'type']);

/**
 * What has to be dropped before the files of the schemas can be applied to the database of the migrations, in an order
 * that works. A type that a table uses is left alone: `alter type` can change it, and this is done by hand.
 *
 * @param mayDrop false for objects that the migration is to leave alone
 */
export function planDrops(
  old: Catalogue,
  current: Catalogue,
  dependencies: readonly Dependency[],
  mayDrop: (object: DatabaseObject) => boolean,
): Drop[] {
  const dependentsOf = Map.groupBy(dependencies, ({ on }) => on);
  const reasons = new Map<string, string>();
  for (const [key, object] of old) {
    const reason = reasonToDrop(object, current.get(key));
    const holdsData = object.kind === 'type' && dependentsOf.get(key)?.some(({ data }) => data) === true;
    if (reason !== undefined && !holdsData && mayDrop(object)) reasons.set(key, reason);
  }
  // A Map visits what is added while it is read: so this goes through all dependents of dependents.
  for (const [key] of reasons) {
    for (const { dependent, data } of dependentsOf.get(key) ?? []) {
      if (dependent !== null && !data && !reasons.has(dependent)) reasons.set(dependent, `depends on ${key}`);
    }
  }
  return dependentsFirst([...reasons.keys()], dependentsOf).flatMap((key) => {
    const object = old.get(key);
    if (object === undefined) return [];
    return {
      object,
      reason: reasons.get(key) ?? '',
      dependents: dependentsOf.get(key) ?? [],
      foreignGrants: foreignGrants(object, current),
    };
  });
}

function reasonToDrop(old: DatabaseObject, current: DatabaseObject | undefined): string | undefined {
  if (!DROPPABLE.has(old.kind)) return undefined;
  if (current === undefined) return 'is not in the schemas any more';
  if (old.kind === 'type' && definitionOf(old) !== definitionOf(current)) return 'changes';
  if (old.signature.every((entry, n) => entry === current.signature[n])) return undefined;
  return old.kind === 'view'
    ? 'changes its columns, and not only by new ones at the end'
    : 'changes its parameters or its result';
}

function definitionOf(object: DatabaseObject): string | undefined {
  return object.statements.find(({ name }) => name === DEFINITION)?.sql;
}

/** Repeats: of the objects on which no other one depends that is still to be dropped, the first by name. */
function dependentsFirst(
  keys: readonly string[],
  dependentsOf: ReadonlyMap<string, readonly Dependency[]>,
): string[] {
  const rest = new Set(keys.toSorted());
  const ordered: string[] = [];
  while (rest.size > 0) {
    const next = [...rest].find(
      (key) => !(dependentsOf.get(key) ?? []).some(({ dependent }) => rest.has(dependent ?? '')),
    );
    if (next === undefined)
      throw new Error(`These depend on each other in a circle: ${[...rest].join(', ')}`);
    rest.delete(next);
    ordered.push(next);
  }
  return ordered;
}

/** Compared with the object's successors, by name; or else with all objects of its kind. */
function foreignGrants(old: DatabaseObject, current: Catalogue): readonly Grant[] {
  const ofKind = [...current.values()].filter(({ kind }) => kind === old.kind);
  const successors = ofKind.filter(({ name }) => withoutParameters(name) === withoutParameters(old.name));
  const ours = new Set((successors.length > 0 ? successors : ofKind).flatMap(grantees));
  return old.grants.filter(({ grantee }) => !ours.has(grantee));
}

function grantees({ grants }: DatabaseObject): string[] {
  return grants.map(({ grantee }) => grantee);
}

function withoutParameters(name: string): string {
  return name.replace(/\(.*$/, '');
}

/** The statement. It does nothing where the object is gone, so that a migration may be applied again. */
export function dropStatement({ kind, name }: DatabaseObject): string {
  return `drop ${kind === 'function' ? 'routine' : kind} if exists ${name};`;
}

import type { Dependency } from './catalogue/dependencies.ts';
import { DEFINITION } from './catalogue/model.ts';
import type { Catalogue, DatabaseObject, Grant, Kind } from './catalogue/model.ts';

/** An object of the migrations that must be dropped, permanently or to be created again. */
export interface Drop {
  readonly object: DatabaseObject;
  /** The reason, as the rest of a sentence that begins with the object. */
  readonly reason: string;
  /** Dependent objects are dropped first. Dependent parts of tables must be changed by hand. */
  readonly dependents: readonly Dependency[];
  /** Rights of roles to which no schema file grants any such right. They are lost. */
  readonly foreignGrants: readonly Grant[];
}

/** Objects without data: they can be dropped and created again. */
const DROPPABLE: ReadonlySet<Kind> = new Set(['function', 'view', 'trigger', 'type']);

/**
 * What must be dropped before the schema files can be applied to the database of the migrations, in
 * a valid order. A type that a table uses is not dropped: it must be changed by hand, with
 * `alter type`.
 *
 * @param mayDrop false for objects that the migration must not drop
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
  // The loop also visits entries that it adds to the Map, so it finds indirect dependents too.
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

/** Of the objects without remaining dependents, the first by name comes next. */
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
      throw new Error(`These objects depend on each other in a cycle: ${[...rest].join(', ')}`);
    rest.delete(next);
    ordered.push(next);
  }
  return ordered;
}

/**
 * Compares with the new objects of the same name or, if there are none, with all objects of the
 * kind.
 */
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

/** The drop. It does nothing if the object is absent, so that a migration can be applied again. */
export function dropStatement({ kind, name }: DatabaseObject): string {
  return `drop ${kind === 'function' ? 'routine' : kind} if exists ${name};`;
}

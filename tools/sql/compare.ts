import { DEFINITION, factsOf } from './catalogue/model.ts';
import type { Catalogue, DatabaseObject, Kind } from './catalogue/model.ts';

export interface Difference {
  readonly kind: Kind;
  readonly name: string;
  /** The fact that differs; `definition` if one side lacks the object. */
  readonly fact: string;
  /** The text on each side. Undefined: absent. */
  readonly old: string | undefined;
  readonly new: string | undefined;
}

/** The facts in which two catalogues differ, in the order of the objects' names. */
export function compareCatalogues(old: Catalogue, current: Catalogue): readonly Difference[] {
  const keys = [...new Set([...old.keys(), ...current.keys()])].sort();
  return keys.flatMap((key) => compareObjects(old.get(key), current.get(key)));
}

function compareObjects(old: DatabaseObject | undefined, current: DatabaseObject | undefined): Difference[] {
  const either = current ?? old;
  if (either === undefined) return [];
  const { kind, name } = either;
  const before = textsOf(old);
  const after = textsOf(current);
  const facts = old && current ? [...new Set([...before.keys(), ...after.keys()])] : [DEFINITION];
  const differences = facts
    .map((fact) => ({ kind, name, fact, old: before.get(fact), new: after.get(fact) }))
    .filter((difference) => difference.old !== difference.new);
  return [...differences, ...compareOrder(old, current)];
}

/** Texts by fact. The order of a table's columns is compared separately: see compareOrder. */
function textsOf(object: DatabaseObject | undefined): ReadonlyMap<string, string> {
  return new Map(object && factsOf(object).map(({ name, sql }) => [name, sql]));
}

/** Compares the order of common columns: `insert` without a list of columns depends on it. */
function compareOrder(old: DatabaseObject | undefined, current: DatabaseObject | undefined): Difference[] {
  if (old === undefined || current?.kind !== 'table') return [];
  const order = (one: DatabaseObject, other: DatabaseObject) => {
    const names = new Set(other.elements.map(({ name }) => name));
    return one.elements
      .map(({ name }) => name)
      .filter((name) => name.startsWith('column ') && names.has(name))
      .map((name) => name.slice('column '.length))
      .join(', ');
  };
  const [before, after] = [order(old, current), order(current, old)];
  const { kind, name } = current;
  return before === after ? [] : [{ kind, name, fact: 'order of columns', old: before, new: after }];
}

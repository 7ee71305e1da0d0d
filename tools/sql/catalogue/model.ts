/** The schemas that the tools read and describe completely. */
export const SCHEMAS = ['legisync', 'public'] as const;

export const KINDS = ['schema', 'type', 'table', 'view', 'function', 'trigger'] as const;
export type Kind = (typeof KINDS)[number];

/** The fact that every object has. */
export const DEFINITION = 'definition';

/** One property of an object, e.g. `column id` of a table. */
export interface Fact {
  readonly name: string;
  /** A statement; for columns and constraints, a line of `create table`. */
  readonly sql: string;
}

export interface Grant {
  /** A role, or `public`. */
  readonly grantee: string;
  readonly sql: string;
}

export interface DatabaseObject {
  readonly kind: Kind;
  /** Its identity in SQL, e.g. `legisync.f(text,integer)` or `guard on public.files_queue`. */
  readonly name: string;
  /** Columns in their order, then constraints: what a table has between its parentheses. */
  readonly elements: readonly Fact[];
  /** The definition first. */
  readonly statements: readonly Fact[];
  /**
   * What `create or replace` cannot change, except by appending: the new signature must begin with
   * the old one. For a view its columns; for a function its kind, parameters and result, then one
   * entry for each default.
   */
  readonly signature: readonly string[];
  /** Rights of roles other than the owner. */
  readonly grants: readonly Grant[];
}

/** Objects by `keyOf`. */
export type Catalogue = ReadonlyMap<string, DatabaseObject>;

/** Names an object among all objects, e.g. `table legisync.documents`. */
export function keyOf({ kind, name }: { readonly kind: Kind; readonly name: string }): string {
  return `${kind} ${name}`;
}

export function factsOf(object: DatabaseObject): readonly Fact[] {
  return [...object.elements, ...object.statements];
}

/** A call to measure. */
export interface GrowthCase {
  readonly name: string;
  /** SQL that runs first, in the same transaction. */
  readonly before?: string;
  /** SQL of the values for `{name}` in the call. It runs next and is not measured. */
  readonly given?: Readonly<Record<string, string>>;
  /** The selected expression. Its answer is checked before it is measured. */
  readonly call: string;
  /** SQL condition on the answer, `a`, that checks the effect of the call. */
  readonly expect: string;
  /** SQL that runs after each call, outside the transaction. */
  readonly after?: string;
}

/**
 * Cases, and the preparation of the tables for them. Each group starts with the tables that the
 * previous groups left.
 */
export interface GrowthGroup {
  readonly prepare: readonly string[];
  readonly cases: readonly GrowthCase[];
}

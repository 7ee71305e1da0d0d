/** One call whose time and buffers are measured. */
export interface GrowthCase {
  readonly name: string;
  /** Run first, in the same transaction. */
  readonly before?: string;
  /** SQL of values that stand in the call as `{name}`. Run next: it is not measured. */
  readonly given?: Readonly<Record<string, string>>;
  /** What is selected. Its answer is checked before it is measured. */
  readonly call: string;
  /** SQL: whether the answer, `a`, shows that the call did what it is measured for. */
  readonly expect: string;
  /** Run after each call, outside of the transaction. */
  readonly after?: string;
}

/** Cases, and what is done to the tables before them; each group finds what the ones before left. */
export interface GrowthGroup {
  readonly prepare: readonly string[];
  readonly cases: readonly GrowthCase[];
}

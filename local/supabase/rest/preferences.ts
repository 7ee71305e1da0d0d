/** What the header `Prefer` asks for. */
export interface Preferences {
  readonly representation: boolean;
  readonly resolution: 'ignore' | 'merge' | undefined;
  /** A planned or estimated count is answered exactly as well: on local data it costs nothing. */
  readonly count: boolean;
  /** Keys that a row leaves out: the column's default instead of NULL. */
  readonly missingDefault: boolean;
}

export function parsePreferences(header: string | undefined): Preferences {
  const asked = new Set((header ?? '').split(',').map((one) => one.trim()));
  const resolution = asked.has('resolution=ignore-duplicates')
    ? 'ignore'
    : asked.has('resolution=merge-duplicates')
      ? 'merge'
      : undefined;
  return {
    representation: asked.has('return=representation'),
    resolution,
    count: ['count=exact', 'count=planned', 'count=estimated'].some((one) => asked.has(one)),
    missingDefault: asked.has('missing=default'),
  };
}

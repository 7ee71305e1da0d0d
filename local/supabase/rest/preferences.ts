/** The content of the header `Prefer`. */
export interface Preferences {
  readonly representation: boolean;
  readonly resolution: 'ignore' | 'merge' | undefined;
  /** Planned and estimated counts are exact too, because on local data that costs nothing. */
  readonly count: boolean;
  /** Use the column's default instead of NULL for missing keys of a row. */
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

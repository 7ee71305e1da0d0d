/** Bounds of a number, both inclusive. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/**
 * The number that decimal digits express, or null if the text is not a whole number within the
 * bounds.
 */
export function parseWholeNumber(text: string, { min, max }: Bounds): number | null {
  const value = Number(text);
  return /^\d{1,10}$/.test(text) && value >= min && value <= max ? value : null;
}

/** The rule, as the end of the sentence "NAME …". */
export function wholeNumberRule({ min, max }: Bounds): string {
  return `must be a whole number from ${min} to ${max}`;
}

import { createHash } from 'node:crypto';

/**
 * The change signal: a hash of what a listing says about one document. Absent and null are the
 * same, because the API omits keys arbitrarily. 64 bits are enough: a signal is only compared with
 * the previous one of the same document, never looked up among millions.
 */
export function revisionOf(fields: readonly unknown[]): string {
  const text = JSON.stringify(fields.map((field) => field ?? null));
  return `r1:${createHash('sha256').update(text, 'utf8').digest('hex').slice(0, 16)}`;
}

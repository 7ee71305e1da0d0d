import { createHash } from 'node:crypto';
import { isDocumentId } from '../../contract/documents.ts';

/**
 * An id without its version: where the API shows a text as of a date, it appends that date (`LEGITEXT…_08-09-2023`),
 * and no consult takes such an id.
 */
export function stripVersion(id: string): string {
  return id.replace(/_\d{2}-\d{2}-\d{4}$/, '');
}

/** The well-formed id that starts with `prefix` behind what a listing calls an id; null where there is none. */
export function listedId(value: unknown, prefix: string): string | null {
  if (typeof value !== 'string') return null;
  const id = stripVersion(value);
  return id.startsWith(prefix) && isDocumentId(id) ? id : null;
}

/**
 * The change signal over what a listing says of one document. Absent and null are the same: the API leaves keys out as
 * it pleases. 64 bits: compared only with the same document's previous one, never looked up among millions.
 */
export function revisionOf(fields: readonly unknown[]): string {
  const text = JSON.stringify(fields.map((field) => field ?? null));
  return `r1:${createHash('sha256').update(text, 'utf8').digest('hex').slice(0, 16)}`;
}

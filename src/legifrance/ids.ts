import { isDocumentId } from '../contract/documents.ts';

/**
 * An id without its version. When the API shows a text as of a date, it appends that date to the id
 * (`LEGITEXT…_08-09-2023`); no consult endpoint accepts such an id.
 */
export function stripVersion(id: string): string {
  return id.replace(/_\d{2}-\d{2}-\d{4}$/, '');
}

/** The id in a listing, without its version; null if it is not an id that starts with `prefix`. */
export function listedId(value: unknown, prefix: string): string | null {
  if (typeof value !== 'string') return null;
  const id = stripVersion(value);
  return id.startsWith(prefix) && isDocumentId(id) ? id : null;
}

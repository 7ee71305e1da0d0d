import { LegisyncError } from './failures.ts';

/**
 * A Légifrance identifier: a prefix of eight letters for the kind, and twelve digits. The prefixes
 * are those of DILA's lexicon of the API (LEGIARTI: a version of an article; CETATEXT: an
 * administrative decision; …).
 */
const ID =
  /^(LEGI(TEXT|SCTA|ARTI)|JORF(CONT|TEXT|SCTA|ARTI|DOLE)|JURI(TEXT|NOME)|CETA(TEXT|NOME)|CONSTEXT|CNILTEXT|KALI(CONT|TEXT|SCTA|ARTI)|ACCOTEXT)\d{12}$/;

/** A collection's name. It is also a folder in the bucket, and part of workflow ids. */
const CATEGORY = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** Whether `value` is a well-formed Légifrance identifier. */
export function isDocumentId(value: string): boolean {
  return ID.test(value);
}

/** Whether `value` may name a collection. */
export function isCategory(value: string): boolean {
  return CATEGORY.test(value);
}

/**
 * Path of a document in the bucket: `legifrance/{category}/{id}.json`.
 *
 * @throws LegisyncError `DOCUMENT_REFUSED` if the category or the id is malformed. Ids come from an
 * external service, and must be checked before they become a path.
 */
export function documentPath(category: string, id: string): string {
  if (!isCategory(category)) {
    throw new LegisyncError(
      'DOCUMENT_REFUSED',
      `Category ${JSON.stringify(category)} does not match ${CATEGORY.source}.`,
    );
  }
  if (!isDocumentId(id)) {
    throw new LegisyncError(
      'DOCUMENT_REFUSED',
      `Document id ${JSON.stringify(id.slice(0, 60))} is not a Légifrance identifier (prefix and twelve digits).`,
    );
  }
  return `legifrance/${category}/${id}.json`;
}

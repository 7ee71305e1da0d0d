import { createHash } from 'node:crypto';

/**
 * Version of the canonical projection of a document: the part of the answer that must differ before
 * a document counts as changed.
 *
 * The API's bytes differ from call to call for the same document: `executionTime` is the server's
 * processing time, and `dereferenced` says how it resolved links this time. `refInjection` names
 * the delivery that last wrote the document into the fond (`IG-20230712`): all articles of a code
 * or fond share it, and it changes for all of them together. These keys are left out at any depth.
 * Object keys are sorted, because JSON gives their order no meaning. Arrays keep their order,
 * because the order of articles and versions has a meaning.
 *
 * A change to these rules needs a new version. Hashes of different versions cannot be compared:
 * documents with an old version get a new baseline and do not count as changed.
 */
const VERSION = 'v1';

const VOLATILE: ReadonlySet<string> = new Set(['executionTime', 'dereferenced', 'refInjection']);

/** Documents nest about 10 levels deep. Recursion exhausts the stack only far beyond this limit. */
const MAX_DEPTH = 500;

/**
 * Hash of the canonical projection of a parsed JSON value: `v1:` and 64 hex digits (SHA-256 of its
 * UTF-8).
 *
 * @throws RangeError if it nests deeper than 500 levels.
 */
export function contentHash(json: unknown): string {
  return `${VERSION}:${createHash('sha256').update(canonical(json, 0), 'utf8').digest('hex')}`;
}

/** The projection version of a hash (`v1`), or null if the string is not such a hash. */
export function hashVersion(hash: string): string | null {
  return /^(v[1-9]\d*):[0-9a-f]{64}$/.exec(hash)?.[1] ?? null;
}

function canonical(value: unknown, depth: number): string {
  if (depth > MAX_DEPTH) throw new RangeError(`The JSON nests deeper than ${MAX_DEPTH} levels.`);
  if (Array.isArray(value)) {
    return `[${value.map((item: unknown) => canonical(item, depth + 1)).join(',')}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([key]) => !VOLATILE.has(key))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonical(member, depth + 1)}`);
    return `{${members.join(',')}}`;
  }
  // JSON.parse never returns undefined or a function.
  return JSON.stringify(value ?? null);
}

import { createHash } from 'node:crypto';

/**
 * The canonical projection of a document, version 1: what must differ before we say that the document has changed.
 *
 * The API's bytes vary from call to call for one and the same document: `executionTime` is how long the server took, and
 * `dereferenced` tells how it resolved links this time. `refInjection` names the delivery that last wrote the document into
 * the base (`IG-20230712`): a whole code's or fond's articles share it, and it moves with theirs. All are left out, at any
 * depth. Object keys are sorted, since
 * JSON gives their order no meaning; arrays keep theirs, since the order of articles and versions does have one.
 *
 * A change of these rules is a new version: hashes of different versions say nothing about each other, and documents
 * are re-baselined rather than taken as changed.
 */
const VERSION = 'v1';

const VOLATILE: ReadonlySet<string> = new Set(['executionTime', 'dereferenced', 'refInjection']);

/** Deeper than any document nests (about 10), and far from where recursion would exhaust the stack. */
const MAX_DEPTH = 500;

/**
 * Hash of the canonical projection of a parsed JSON value: `v1:` and 64 hex digits (SHA-256 of its UTF-8).
 *
 * @throws RangeError where it nests deeper than 500 levels.
 */
export function contentHash(json: unknown): string {
  return `${VERSION}:${createHash('sha256').update(canonical(json, 0), 'utf8').digest('hex')}`;
}

/** The projection's version that a hash was made with (`v1`), or null for a string that is no such hash. */
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
  // What JSON cannot say (undefined, a function) never comes out of JSON.parse.
  return JSON.stringify(value ?? null);
}

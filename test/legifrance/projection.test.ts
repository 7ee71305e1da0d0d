import fc from 'fast-check';
import { contentHash, hashVersion } from '../../src/legifrance/projection.ts';

/** The same JSON with its keys in another order and with volatile keys added, at every depth. */
function disguise(value: unknown, time: number): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => disguise(item, time));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([key, member]) => [key, disguise(member, time)] as const);
  const delivery = ['refInjection', `IG-${time}`] as const;
  return fromMembers([
    ['executionTime', time],
    ...members.toReversed(),
    ['dereferenced', time % 2 === 0],
    delivery,
  ]);
}

/** Creates the object as JSON.parse does: `__proto__` is a normal key. */
function fromMembers(members: readonly (readonly [string, unknown])[]): unknown {
  return JSON.parse(
    `{${members.map(([key, member]) => `${JSON.stringify(key)}:${JSON.stringify(member)}`).join(',')}}`,
  );
}

const volatile = /"(executionTime|dereferenced|refInjection)":/;
const json = fc
  .json({ maxDepth: 5, stringUnit: 'binary' })
  .filter((text) => !volatile.test(text))
  .map((text): unknown => JSON.parse(text));

describe('the content hash', () => {
  it('is the version and 64 hex digits', () => {
    expect(contentHash({ b: 1, executionTime: 3, a: [true, null, 'é'] })).toBe(
      // SHA-256 of {"a":[true,null,"é"],"b":1}
      'v1:17c8c6f7f948ee1c9b93b1bc35f6edc29cbaf3022bff7d076d1c4831dd8a44a2',
    );
  });

  it('does not depend on the order of keys or on volatile keys, at any depth', () => {
    fc.assert(
      fc.property(json, fc.nat(), (value, time) => contentHash(disguise(value, time)) === contentHash(value)),
    );
  });

  it('differs wherever the rest differs', () => {
    fc.assert(
      fc.property(json, json, (one, other) => {
        const same = JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
        return (contentHash(one) === contentHash(other)) === same;
      }),
    );
  });

  it('differs after any change of one value', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), json, { minKeys: 1 }), fc.nat(), json, (object, at, other) => {
        const keys = Object.keys(object);
        const key = keys[at % keys.length] ?? '';
        fc.pre(!['executionTime', 'dereferenced', 'refInjection', '__proto__'].includes(key));
        const changed = { ...object, [key]: [object[key], other] };
        return contentHash(changed) !== contentHash(object);
      }),
    );
  });

  it('depends on the order of arrays, and distinguishes absent from null', () => {
    expect(contentHash([1, 2])).not.toBe(contentHash([2, 1]));
    expect(contentHash({ a: null })).not.toBe(contentHash({}));
    expect(contentHash('1')).not.toBe(contentHash(1));
  });

  it('refuses JSON that nests too deep', () => {
    const deep: unknown = JSON.parse(`${'['.repeat(1_000)}${']'.repeat(1_000)}`);
    expect(() => contentHash(deep)).toThrow(RangeError);
  });

  it('has a version, and other strings have none', () => {
    expect(hashVersion(contentHash({}))).toBe('v1');
    expect(hashVersion(`v12:${'0'.repeat(64)}`)).toBe('v12');
    for (const other of ['', 'v1:', '0'.repeat(64), `v0:${'0'.repeat(64)}`, `v1:${'0'.repeat(64)}\n`]) {
      expect(hashVersion(other)).toBeNull();
    }
  });
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .map(([key, member]) => [key, sorted(member)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .concat([['{}', null]]);
}

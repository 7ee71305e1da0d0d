import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { JWT_SECRET, openGateway } from './gatewayHarness.ts';
import type { GatewayHarness } from './gatewayHarness.ts';

interface ObjectVersion {
  readonly id: string;
  readonly version: string;
  readonly updated_at: Date;
}

let stack: GatewayHarness;

beforeAll(async () => {
  stack = await openGateway();
  await stack.client().storage.createBucket('docs');
  await stack.client().storage.createBucket('small', {
    public: false,
    fileSizeLimit: '1KB',
    allowedMimeTypes: ['application/json'],
  });
});
afterAll(() => stack.close());

const json = { contentType: 'application/json' };
const bucket = (key?: string) => stack.client(key).storage.from('docs');

async function jwt(role: string, secret = JWT_SECRET, expires = '1h'): Promise<string> {
  return new SignJWT({ role })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuedAt()
    .setExpirationTime(expires)
    .sign(new TextEncoder().encode(secret));
}

describe('an upload', () => {
  it('creates a row with the columns and the metadata of Storage', async () => {
    const { data, error } = await bucket().upload('legifrance/codes/A.json', '{"a":1}', {
      ...json,
      metadata: { sha256: 'v1:00' },
    });
    expect(error).toBeNull();
    const { rows } = await stack.sql.query(
      `select * from storage.objects where name = 'legifrance/codes/A.json'`,
    );
    expect(rows).toEqual([
      expect.objectContaining({
        id: data?.id,
        bucket_id: 'docs',
        owner: null,
        owner_id: null,
        path_tokens: ['legifrance', 'codes', 'A.json'],
        user_metadata: { sha256: 'v1:00' },
        is_versioned: false,
        metadata: {
          eTag: '"bb6cb5c68df4652941caf652a366f2d8"',
          size: 7,
          mimetype: 'application/json',
          cacheControl: 'max-age=3600',
          lastModified: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
          contentLength: 7,
          httpStatusCode: 200,
        },
      }),
    ]);
  });

  it('with upsert keeps the id, changes version and updated_at, and keeps only the new file', async () => {
    const read = async (): Promise<ObjectVersion[]> =>
      (
        await stack.sql.query<ObjectVersion>(
          `select id, version, updated_at from storage.objects where name = 'again.json'`,
        )
      ).rows;
    await bucket().upload('again.json', '1', json);
    const [before] = await read();
    const files = await countFiles();
    const { error } = await bucket().upload('again.json', '22', { ...json, upsert: true });
    const [after] = await read();
    expect(error).toBeNull();
    expect(after?.id).toBe(before?.id);
    expect(after?.version).not.toBe(before?.version);
    expect(after?.updated_at).not.toEqual(before?.updated_at);
    expect(await countFiles()).toBe(files);
    expect(await (await bucket().download('again.json')).data?.text()).toBe('22');
  });

  it('is found by info with its hash, by list under its folder, and by nothing after remove', async () => {
    await bucket().upload('a/b/c.json', '{}', { ...json, metadata: { sha256: 'v1:ff' } });
    expect((await bucket().info('a/b/c.json')).data).toMatchObject({
      size: 2,
      metadata: { sha256: 'v1:ff' },
    });
    expect((await bucket().list('a')).data).toMatchObject([{ name: 'b', id: null }]);
    expect((await bucket().list('a/b')).data).toMatchObject([{ name: 'c.json', metadata: { size: 2 } }]);
    expect((await bucket().remove(['a/b/c.json'])).data).toMatchObject([{ name: 'a/b/c.json' }]);
    expect((await bucket().exists('a/b/c.json')).data).toBe(false);
  });

  it('without upsert is not an atomic create: of three concurrent ones for a new path, all succeed', async () => {
    // All three check before one of them can write: this lock allows reads, but no insert.
    await stack.sql.query('begin; lock table storage.objects in share row exclusive mode');
    const uploads = [1, 2, 3].map((n) => bucket().upload('race.json', String(n), json));
    const outcomes = Promise.all(uploads);
    await stack.until(
      `select count(*) = 3 as done from pg_stat_activity
        where usename = 'supabase_storage_admin' and wait_event_type = 'Lock'`,
    );
    await stack.sql.query('commit');
    expect((await outcomes).map(({ error }) => error)).toEqual([null, null, null]);
    const { rows } = await stack.sql.query(
      `select count(*)::int as n from storage.objects where name = 'race.json'`,
    );
    expect(rows).toEqual([{ n: 1 }]);
  });

  it('may be empty', async () => {
    await bucket().upload('empty.json', '', json);
    expect((await bucket().info('empty.json')).data).toMatchObject({ size: 0 });
  });

  it('cannot leave the folder of the files, whatever its key', async () => {
    const url = `${stack.gateway.url}/storage/v1/object/docs/..%2f..%2foutside.json`;
    const headers = { authorization: `Bearer ${stack.gateway.serviceKey}` };
    await fetch(url, { method: 'POST', body: 'x', headers });
    expect(await readdir(stack.folder)).not.toContain('outside.json');
  });

  it('is counted by object and hash, and the count survives a new gateway', async () => {
    const before = await stack.gateway.stats();
    for (const hash of ['v1:1', 'v1:1', 'v1:1', 'v1:1', 'v1:2']) {
      await bucket().upload('counted.json', hash, { ...json, upsert: true, metadata: { sha256: hash } });
    }
    const again = await stack.another();
    const stats = await again.stats();
    await again.close();
    expect(stats).toMatchObject({
      uploads: before.uploads + 5,
      uploadedObjects: before.uploadedObjects + 1,
      uploadsPerObjectMax: 5,
      sameHashUploadsMax: 4,
    });
  });
});

describe('Storage answers', () => {
  const cases: [
    what: string,
    status: number,
    statusCode: string,
    code: string,
    act: () => Promise<{ error: unknown }>,
  ][] = [
    [
      'a duplicate',
      400,
      '409',
      'KeyAlreadyExists',
      () => twice(() => bucket().upload('dup.json', '1', json)),
    ],
    [
      'a bucket that is there',
      400,
      '409',
      'BucketAlreadyExists',
      () => stack.client().storage.createBucket('docs'),
    ],
    [
      'a missing bucket',
      400,
      '404',
      'NoSuchBucket',
      () => stack.client().storage.from('no').upload('a.json', '1'),
    ],
    ['getBucket of a missing one', 400, '404', 'NoSuchBucket', () => stack.client().storage.getBucket('no')],
    ['a missing object', 400, '404', 'NoSuchKey', () => bucket().info('missing.json')],
    ['a download of nothing', 400, '404', 'NoSuchKey', () => bucket().download('missing.json')],
    ['an accent in the key', 400, '400', 'InvalidKey', () => bucket().upload('é.json', '1', json)],
    [
      'more than the bucket allows',
      ...([400, '413', 'EntityTooLarge'] as const),
      () => stack.client().storage.from('small').upload('big.json', 'x'.repeat(1_001), json),
    ],
    [
      'more than Storage allows',
      ...([400, '413', 'EntityTooLarge'] as const),
      () => bucket().upload('big.json', Buffer.alloc(52_428_801), json),
    ],
    [
      'a type the bucket does not allow',
      ...([400, '415', 'InvalidMimeType'] as const),
      () => stack.client().storage.from('small').upload('a.txt', 'x'),
    ],
    ['anon', 400, '403', 'AccessDenied', () => bucket(stack.gateway.anonKey).upload('anon.json', '1', json)],
    ['a key that is no JWT', 400, '403', 'AccessDenied', () => bucket('garbage').upload('x.json', '1', json)],
    [
      'a JWT of another secret',
      ...([400, '403', 'AccessDenied'] as const),
      async () =>
        bucket(await jwt('service_role', 'another secret of 32 characters!')).upload('x.json', '1', json),
    ],
    [
      'a JWT of yesterday',
      ...([400, '403', 'AccessDenied'] as const),
      async () => bucket(await jwt('service_role', JWT_SECRET, '-1s')).upload('x.json', '1', json),
    ],
    [
      'a role that does not exist',
      ...([500, '500', 'DatabaseError'] as const),
      async () => bucket(await jwt('nobody')).upload('x.json', '1', json),
    ],
    [
      'what the double does not do',
      ...([501, '501', 'NotImplemented'] as const),
      () => bucket().createSignedUrl('dup.json', 60),
    ],
  ];

  it.each(cases)('%s with HTTP %i, statusCode %s, code %s', async (_what, status, statusCode, code, act) => {
    const { error } = await act();
    expect(error).toMatchObject({ status, statusCode, code });
  });

  it('a secret key like the service key', async () => {
    const { error } = await bucket(stack.gateway.secretKey).upload('secret.json', '1', json);
    expect(error).toBeNull();
  });
});

async function twice<T>(act: () => Promise<T>): Promise<T> {
  await act();
  return act();
}

async function countFiles(): Promise<number> {
  const entries = await readdir(join(stack.folder, 'files'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).length;
}

import { request as httpRequest } from 'node:http';
import { openGateway, type GatewayHarness } from './gatewayHarness.ts';

/** Where a client would notice that it does not speak with the real service. */
let stack: GatewayHarness;

beforeAll(async () => {
  stack = await openGateway();
  await stack.client().storage.createBucket('docs');
  await stack
    .client()
    .storage.createBucket('texts', { public: false, allowedMimeTypes: ['text/plain', 'image/*'] });
  await stack.sql.query(`create table public.notes (id int primary key, note text);
    grant all on public.notes to service_role;
    insert into public.notes values (1, 'a'), (2, 'b')`);
});
afterAll(() => stack.close());

const json = { contentType: 'application/json' };
const docs = () => stack.client().storage.from('docs');

/** A request as no client of ours sends it. */
async function send(
  path: string,
  options: {
    readonly method?: string;
    readonly headers?: Record<string, string>;
    readonly body?: string;
  } = {},
): Promise<{ readonly status: number; readonly body: unknown }> {
  const { serviceKey, url } = stack.gateway;
  const response = await fetch(`${url}${path}`, {
    ...options,
    headers: { apikey: serviceKey, authorization: `Bearer ${serviceKey}`, ...options.headers },
  });
  return { status: response.status, body: await response.json().catch(() => null) };
}

describe('Storage', () => {
  it('takes a Blob, as a form, with its type, its cache time and its metadata', async () => {
    const blob = new Blob(['{"a":1}'], { type: 'application/json' });
    const { error } = await docs().upload('form.json', blob, {
      metadata: { sha256: 'v1:x' },
      cacheControl: '60',
    });
    expect(error).toBeNull();
    expect((await docs().info('form.json')).data).toMatchObject({
      size: 7,
      contentType: 'application/json',
      cacheControl: 'max-age=60',
      metadata: { sha256: 'v1:x' },
    });
    expect(await (await docs().download('form.json')).data?.text()).toBe('{"a":1}');
  });

  it('refuses what is too large only after it has read it, so that the client hears why', async () => {
    const { error } = await docs().upload('huge.bin', Buffer.alloc(80_000_000), json);
    expect(error).toMatchObject({ status: 400, statusCode: '413', code: 'EntityTooLarge' });
    const blob = await docs().upload('huge.bin', new Blob([Buffer.alloc(80_000_000)]));
    expect(blob.error).toMatchObject({ status: 400, statusCode: '413', code: 'EntityTooLarge' });
  });

  it('gives a bucket without an owner the owner ""', async () => {
    expect((await stack.client().storage.getBucket('docs')).data?.owner).toBe('');
    expect((await stack.client().storage.listBuckets()).data?.map(({ owner }) => owner)).toEqual(['', '']);
  });

  it('compares a MIME type as it is written, with its parameters', async () => {
    const texts = stack.client().storage.from('texts');
    const upload = (contentType: string) => texts.upload('a.txt', 'x', { contentType, upsert: true });
    expect((await upload('text/plain')).error).toBeNull();
    expect((await upload('image/png')).error).toBeNull();
    for (const contentType of ['text/plain;charset=UTF-8', 'text/html']) {
      expect((await upload(contentType)).error).toMatchObject({
        status: 400,
        statusCode: '415',
        message: `mime type ${contentType} is not supported`,
      });
    }
  });

  it('lists a folder in the collation of the database', async () => {
    for (const name of ['B.json', 'a.json', 'C.json']) await docs().upload(`order/${name}`, '1', json);
    const { rows } = await stack.sql.query<{ name: string }>(
      "select split_part(name, '/', 2) as name from storage.objects where name like 'order/%' order by storage.objects.name",
    );
    const { data } = await docs().list('order');
    expect(data?.map(({ name }) => name)).toEqual(rows.map(({ name }) => name));
  });

  it('wants a prefix in a list', async () => {
    const body = JSON.stringify({ limit: 10 });
    const headers = { 'content-type': 'application/json' };
    expect(await send('/storage/v1/object/list/docs', { method: 'POST', headers, body })).toMatchObject({
      status: 400,
    });
    expect((await docs().list()).error).toBeNull();
  });

  it('refuses a key that leaves its folder', async () => {
    const { serviceKey, url } = stack.gateway;
    const { hostname, port } = new URL(url);
    // fetch would resolve the dots itself.
    const answer = await new Promise<string>((resolve, reject) => {
      const request = httpRequest(
        {
          ...{ hostname, port, method: 'POST', path: '/storage/v1/object/docs/a/../b.json' },
          headers: { authorization: `Bearer ${serviceKey}`, ...{ 'content-type': 'application/json' } },
        },
        (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => (text += chunk.toString()));
          response.on('end', () => resolve(text));
        },
      );
      request.on('error', reject);
      request.end('1');
    });
    expect(JSON.parse(answer)).toMatchObject({ statusCode: '400', code: 'InvalidKey' });
  });

  it.each([
    ['a/b', undefined, 'InvalidBucketName'],
    ['é', undefined, 'InvalidBucketName'],
    [' a', undefined, 'InvalidBucketName'],
    ['', undefined, 'InvalidBucketName'],
    ['x'.repeat(101), undefined, 'InvalidBucketName'],
    ['mime', ['nonsense'], 'InvalidMimeType'],
  ])('refuses a bucket %j with the types %j', async (name, allowedMimeTypes, code) => {
    const { error } = await stack
      .client()
      .storage.createBucket(name, { public: false, ...(allowedMimeTypes && { allowedMimeTypes }) });
    expect(error).toMatchObject({ status: 400, code });
  });

  it('refuses a content type that is none', async () => {
    expect((await docs().upload('j.json', '1', { contentType: 'junk' })).error).toMatchObject({
      status: 400,
      statusCode: '415',
    });
  });

  it('keeps the mark of an empty folder empty', async () => {
    const key = 'folder/.emptyFolderPlaceholder';
    expect((await docs().upload(key, '', json)).error).toBeNull();
    expect((await docs().upload(key, 'x', { ...json, upsert: true })).error).toMatchObject({
      status: 400,
      statusCode: '413',
    });
  });

  it('gives up after five seconds if another upload holds the object', async () => {
    await stack.sql.query("begin; select pg_advisory_xact_lock(hashtextextended('docs/held.json', 0))");
    const { error } = await docs().upload('held.json', '1', json);
    await stack.sql.query('commit');
    expect(error).toMatchObject({ status: 400, statusCode: '503', code: 'LockTimeout' });
    expect((await docs().upload('held.json', '1', json)).error).toBeNull();
  });

  it('says in info and download that a bucket does not exist', async () => {
    const nowhere = stack.client().storage.from('nowhere');
    for (const { error } of [await nowhere.info('a.json'), await nowhere.download('a.json')])
      expect(error).toMatchObject({ status: 400, statusCode: '404', code: 'NoSuchBucket' });
    expect((await docs().info('missing.json')).error).toMatchObject({ code: 'NoSuchKey' });
  });
});

describe('REST', () => {
  it.each<[string, Record<string, string>, string, number]>([
    ['Accept: text/csv', { accept: 'text/csv' }, 'NotImplemented', 501],
    ['a plan', { accept: 'application/vnd.pgrst.plan+json; for="application/json"' }, 'NotImplemented', 501],
    ['XML', { accept: 'text/xml' }, 'PGRST107', 406],
    ['a Range', { range: '0-0' }, 'NotImplemented', 501],
    ['an unknown preference, strictly', { prefer: 'handling=strict, anything=else' }, 'PGRST122', 400],
    ['a rollback', { prefer: 'tx=rollback' }, 'NotImplemented', 501],
  ])('does not ignore %s in a reading', async (_what, headers, code, status) => {
    expect(await send('/rest/v1/notes', { headers })).toMatchObject({ status, body: { code } });
  });

  it('takes known preferences, strictly, and one of several types', async () => {
    const strict = await send('/rest/v1/notes', { headers: { prefer: 'handling=strict, count=exact' } });
    expect(strict).toMatchObject({ status: 200, body: [{ id: 1 }, { id: 2 }] });
    const either = await send('/rest/v1/notes', { headers: { accept: 'text/csv, application/json' } });
    expect(either.status).toBe(200);
  });

  it.each([
    ['application/x-www-form-urlencoded', 'id=3&note=c'],
    ['text/csv', 'id,note\n3,c'],
    ['text/xml', '<id>3</id>'],
  ])('does not read a body of type %s as JSON', async (type, body) => {
    const headers = { 'content-type': type };
    expect(await send('/rest/v1/notes', { method: 'POST', headers, body })).toMatchObject({ status: 501 });
  });
});

import { createClient } from '@supabase/supabase-js';
import type { FailureCode } from '../../src/contract/failures.ts';
import { createSupabase, type Supabase } from '../../src/supabase/index.ts';
import { articleId, batchOf, emptyTables, plantDue } from '../support/queue.ts';
import { BUCKET, openSupabase, type SupabaseStack } from '../support/supabase.ts';
import { untilBlocked, withSession } from '../support/sessions.ts';

let stack: SupabaseStack;

beforeAll(async () => {
  stack = await openSupabase();
});
beforeEach(() => emptyTables(stack));
afterAll(() => stack.close());

const PATH = 'legifrance/codes/LEGIARTI000000000001.json';
const SECRET = 'canary-not-a-key';

const client = (options: {
  url?: string;
  key?: string;
  bucket?: string;
  requestTimeoutMs?: number;
}): Supabase =>
  createSupabase({
    url: options.url ?? stack.gateway.url,
    key: () => options.key ?? stack.gateway.serviceKey,
    bucket: options.bucket ?? BUCKET,
    ...(options.requestTimeoutMs !== undefined && { requestTimeoutMs: options.requestTimeoutMs }),
  });
const call = ({ catalogue }: Supabase) => catalogue.openPass('codes', ['codes'], 3_600);
const put = ({ storage }: Supabase, path = PATH, body = 'text') =>
  storage.upload(path, Buffer.from(body), 'v1:1');

type Fault = Parameters<SupabaseStack['gateway']['control']['fault']>[0];
const status = (code: number, body?: object): Fault => ({
  kind: 'status',
  status: code,
  match: 'legisync_open_pass|/object/',
  ...(body !== undefined && { body }),
});
const postgrest = (code: string, http: number): Fault =>
  status(http, { code, message: `as PostgREST says ${code}`, details: null, hint: null });
const storage = (statusCode: number, http = 400): Fault =>
  status(http, { statusCode: String(statusCode), error: 'x', message: 'as Storage says', code: 'X' });

describe('an RPC that fails', () => {
  it.each<[string, Fault, FailureCode]>([
    [
      'a connection cut before the work',
      { kind: 'reset-before', match: 'legisync_open_pass' },
      'DATABASE_BUSY',
    ],
    [
      'a connection cut after the work',
      { kind: 'reset-after', match: 'legisync_open_pass' },
      'DATABASE_BUSY',
    ],
    ['the page of a proxy', { kind: 'html502', match: 'legisync_open_pass' }, 'DATABASE_BUSY'],
    ['429 of a gateway', status(429), 'DATABASE_BUSY'],
    [
      '404 with an empty body, which postgrest-js takes for a success',
      status(404, Buffer.alloc(0)),
      'DATABASE_BUSY',
    ],
    ['a full pool', postgrest('PGRST003', 504), 'DATABASE_BUSY'],
    ['a database that starts', postgrest('PGRST002', 503), 'DATABASE_BUSY'],
    ['too many connections', postgrest('53300', 503), 'DATABASE_BUSY'],
    ['a shutdown', postgrest('57P01', 503), 'DATABASE_BUSY'],
    ['a lost connection', postgrest('08006', 503), 'DATABASE_BUSY'],
    ['a deadlock', postgrest('40P01', 500), 'DATABASE_BUSY'],
    ['a serialization failure', postgrest('40001', 500), 'DATABASE_BUSY'],
    ['a lock timeout', postgrest('55P03', 500), 'DATABASE_BUSY'],
    ['a read-only database', postgrest('25006', 405), 'DATABASE_BUSY'],
    ['a statement timeout', postgrest('57014', 500), 'DATABASE_TIMEOUT'],
    ['a missing table', postgrest('42P01', 404), 'SCHEMA_MISSING'],
    ['a missing function inside', postgrest('42883', 404), 'SCHEMA_MISSING'],
    ['a table that the cache does not know', postgrest('PGRST205', 404), 'SCHEMA_MISSING'],
    ['a key of a role that does not exist', postgrest('22023', 401), 'SUPABASE_CREDENTIALS'],
    ['401 of the gateway in front', status(401, { message: 'Invalid API key' }), 'SUPABASE_CREDENTIALS'],
    ['403 of the gateway in front', status(403, { message: 'Forbidden' }), 'SUPABASE_CREDENTIALS'],
    ['a right that the service key lacks', postgrest('42501', 403), 'DATABASE_REFUSED'],
    ['a value that breaks a constraint of the catalogue', postgrest('23514', 400), 'INTERNAL'],
  ])('by %s', async (_what, fault, code) => {
    stack.gateway.control.fault(fault);
    await expect(call(stack.supabase)).rejects.toMatchObject({ name: 'LegisyncError', code });
  });

  it('by the deadline of a request', async () => {
    stack.gateway.control.fault({ kind: 'delay', delayMs: 10_000, match: 'legisync_open_pass', times: 1 });
    await expect(call(client({ requestTimeoutMs: 50 }))).rejects.toMatchObject({ code: 'DATABASE_BUSY' });
  });

  it('by a statement timeout of the database: a lock that is not released', async () => {
    await stack.sql(`alter function public.legisync_take_documents set statement_timeout = '200ms'`);
    try {
      await withSession(stack.databaseUrl, async ({ client: holder, pid }) => {
        await holder.query('begin; lock table legisync.documents');
        const taking = stack.supabase.catalogue.takeDocuments(batchOf('codes', 1), 1);
        await Promise.all([
          expect(taking).rejects.toMatchObject({ code: 'DATABASE_TIMEOUT' }),
          untilBlocked(stack, pid),
        ]);
      });
    } finally {
      await stack.sql(`alter function public.legisync_take_documents set statement_timeout = '20s'`);
    }
  });

  it('by an answer of an unexpected shape', async () => {
    await stack.sql(`insert into legisync.watermarks values ('odd', 'search', '{"page": "first"}')`);
    await expect(stack.supabase.catalogue.maintenanceCursor('odd', 'search')).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('legisync_maintenance_cursor') as string,
    });
  });

  it('by a key without the right: the anon key, and a text that is not a key', async () => {
    await expect(call(client({ key: stack.gateway.anonKey }))).rejects.toMatchObject({
      code: 'SUPABASE_CREDENTIALS',
    });
    const wrong = call(client({ key: SECRET }));
    await expect(wrong).rejects.toMatchObject({ code: 'SUPABASE_CREDENTIALS' });
    await expect(wrong).rejects.toMatchObject({ message: expect.not.stringContaining(SECRET) as string });
  });

  it('by a project without our migrations', async () => {
    const bare = await openSupabase({ bare: true });
    try {
      await expect(call(bare.supabase)).rejects.toMatchObject({ code: 'SCHEMA_MISSING' });
    } finally {
      await bare.close();
    }
  });
});

describe('an RPC', () => {
  it('works with a key of the newer form, which is not a JWT', async () => {
    await plantDue(stack, 'codes', [articleId(1)]);
    const { catalogue } = client({ key: stack.gateway.secretKey });
    expect(await catalogue.takeDocuments(batchOf('codes', 1), 1)).toEqual([articleId(1)]);
  });
});

describe('an upload that fails', () => {
  it.each<[string, Fault, FailureCode]>([
    ['423', storage(423), 'STORAGE_BUSY'],
    ['429', storage(429, 429), 'STORAGE_BUSY'],
    ['500', storage(500, 500), 'STORAGE_BUSY'],
    ['503 for a read-only database', storage(503), 'STORAGE_BUSY'],
    ['544, a database timeout', storage(544, 544), 'STORAGE_BUSY'],
    ['the page of a proxy', { kind: 'html502', match: '/object/' }, 'STORAGE_BUSY'],
    ['a connection cut before the work', { kind: 'reset-before', match: '/object/' }, 'STORAGE_BUSY'],
    ['a connection cut after the work', { kind: 'reset-after', match: '/object/' }, 'STORAGE_BUSY'],
    ['401 of the gateway in front', status(401, { message: 'Invalid API key' }), 'SUPABASE_CREDENTIALS'],
    ['403', storage(403), 'SUPABASE_CREDENTIALS'],
  ])('by %s', async (_what, fault, code) => {
    stack.gateway.control.fault(fault);
    await expect(put(stack.supabase)).rejects.toMatchObject({ name: 'LegisyncError', code });
  });

  it('by the deadline of a request', async () => {
    stack.gateway.control.fault({ kind: 'delay', delayMs: 10_000, match: '/object/', times: 1 });
    await expect(put(client({ requestTimeoutMs: 50 }))).rejects.toMatchObject({ code: 'STORAGE_BUSY' });
  });

  it('by a bucket that does not exist, or a key without the right', async () => {
    await expect(put(client({ bucket: 'no-such-bucket' }))).rejects.toMatchObject({
      code: 'STORAGE_REFUSED',
    });
    await expect(put(client({ key: stack.gateway.anonKey }))).rejects.toMatchObject({
      code: 'SUPABASE_CREDENTIALS',
    });
    await expect(put(client({ key: SECRET }))).rejects.toMatchObject({
      code: 'SUPABASE_CREDENTIALS',
      message: expect.not.stringContaining(SECRET) as string,
    });
  });

  it('by the document itself: too large, or with a key that Storage refuses', async () => {
    const admin = createClient(stack.gateway.url, stack.gateway.serviceKey, {
      auth: { persistSession: false },
    });
    await admin.storage.createBucket('small', { public: false, fileSizeLimit: '1KB' });
    const small = client({ bucket: 'small' });
    await expect(put(small, PATH, 'x'.repeat(2_000))).rejects.toMatchObject({ code: 'DOCUMENT_REFUSED' });
    await expect(put(stack.supabase, 'legifrance/é/[1].json')).rejects.toMatchObject({
      code: 'DOCUMENT_REFUSED',
    });
  });
});

describe('an answer that repeats the service key', () => {
  // Messages go into histories and into the catalogue, so the log's scrubber comes too late.
  it('fails without it, in Storage and in the database', async () => {
    const key = stack.gateway.serviceKey;
    const says = `no right for Bearer ${key}, ${Buffer.from(`apikey:${key}`).toString('base64')}`;
    for (const call_ of [put, call]) {
      stack.gateway.control.fault(status(400, { statusCode: '400', message: says, code: 'X' }));
      const message = await call_(stack.supabase).then(String, String);
      expect(message).toContain('no right for Bearer [secret]');
      expect(message).not.toContain(key);
      expect(Buffer.from(message.split(', ').at(-1) ?? '', 'base64').toString('latin1')).not.toContain('eyJ');
    }
  });
});

describe('a bucket', () => {
  it('that does not allow JSON refuses every document', async () => {
    const admin = createClient(stack.gateway.url, stack.gateway.serviceKey, {
      auth: { persistSession: false },
    });
    await admin.storage.createBucket('images', { public: false, allowedMimeTypes: ['image/*'] });
    await expect(put(client({ bucket: 'images' }))).rejects.toMatchObject({ code: 'STORAGE_REFUSED' });
    stack.gateway.control.fault(storage(415));
    await expect(put(stack.supabase)).rejects.toMatchObject({ code: 'STORAGE_REFUSED' });
  });

  it('is created once, and "already exists" is not a failure', async () => {
    const { storage: fresh } = client({ bucket: 'fresh' });
    expect(await fresh.ensureBucket()).toBe(true);
    expect(await fresh.ensureBucket()).toBe(false);
    const [row] = await stack.sql<{ public: boolean }>(
      `select public from storage.buckets where id = 'fresh'`,
    );
    expect(row).toEqual({ public: false });
  });

  it('is refused to a key that may not create one', async () => {
    await expect(
      client({ bucket: 'theirs', key: stack.gateway.anonKey }).storage.ensureBucket(),
    ).rejects.toMatchObject({ code: 'SUPABASE_CREDENTIALS' });
  });
});

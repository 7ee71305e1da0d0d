import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { KeyRing } from '../keys.ts';
import { notImplemented } from '../notImplemented.ts';
import { createBucket, getBucket, listBuckets } from './buckets.ts';
import { invalidRequest, toStorageError } from './errors.ts';
import { download, listObjects, objectInfo, removeObjects } from './objects.ts';
import { createSession } from './session.ts';
import type { StorageSession } from './session.ts';
import { parseUserMetadata, upload } from './upload.ts';

type Deps = Pick<StorageSession, 'pool' | 'files' | 'counters'> & { readonly keyRing: KeyRing };

/**
 * First segments after /object/ that are separate calls in the real service, so they are not
 * buckets.
 */
const OTHER_CALLS = new Set([
  'public',
  'sign',
  'upload',
  'move',
  'copy',
  'list-v2',
  'list',
  'info',
  'authenticated',
]);

/** Storage has no tolerance: a JWT is refused from the second of its expiry. */
const JWT_TOLERANCE_SECONDS = 0;

interface ObjectParams {
  readonly bucket: string;
  readonly '*': string;
}

/** The routes of `/storage/v1`. */
export function storageRoutes(app: FastifyInstance, deps: Deps): void {
  // The body is the file, whatever its content type. The JSON of other calls is parsed separately.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, _request, reply) => {
    const known = toStorageError(error);
    return reply.code(known.httpStatus).send(known.body());
  });

  const open = async (request: FastifyRequest): Promise<StorageSession> =>
    createSession(deps, await deps.keyRing.identify(request.headers, JWT_TOLERANCE_SECONDS));

  app.setNotFoundHandler((request, reply) => notImplemented(request, reply));

  app.post('/bucket', async (request) => createBucket(await open(request), jsonBody(request)));
  app.get('/bucket', async (request) => listBuckets(await open(request)));
  app.get<{ Params: { id: string } }>('/bucket/:id', async (request) =>
    getBucket(await open(request), request.params.id),
  );

  app.route<{ Params: ObjectParams }>({
    method: ['POST', 'PUT'],
    url: '/object/:bucket/*',
    handler: async (request, reply) => {
      const { bucket, '*': key } = request.params;
      if (OTHER_CALLS.has(bucket)) return notImplemented(request, reply);
      const contentType = request.headers['content-type'] ?? 'application/octet-stream';
      // The client sends it only for Blob and FormData.
      if (contentType.startsWith('multipart/')) return notImplemented(request, reply, 'multipart bodies');
      return upload(await open(request), {
        bucket,
        key,
        content: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
        contentType,
        cacheControl: request.headers['cache-control'] ?? 'no-cache',
        userMetadata: parseUserMetadata(header(request, 'x-metadata')),
        upsert: request.method === 'PUT' || header(request, 'x-upsert') === 'true',
      });
    },
  });

  app.get<{ Params: ObjectParams }>('/object/info/:bucket/*', async (request) =>
    objectInfo(await open(request), request.params.bucket, request.params['*']),
  );
  for (const url of ['/object/authenticated/:bucket/*', '/object/:bucket/*']) {
    app.get<{ Params: ObjectParams }>(url, async (request, reply) => {
      const { bucket, '*': key } = request.params;
      if (OTHER_CALLS.has(bucket)) return notImplemented(request, reply);
      const { content, headers } = await download(await open(request), bucket, key);
      return reply.headers(headers).send(content);
    });
  }
  app.post<{ Params: { bucket: string } }>('/object/list/:bucket', async (request) =>
    listObjects(await open(request), request.params.bucket, jsonBody(request)),
  );
  app.delete<{ Params: { bucket: string } }>('/object/:bucket', async (request) =>
    removeObjects(await open(request), request.params.bucket, jsonBody(request)),
  );
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function jsonBody(request: FastifyRequest): unknown {
  if (!Buffer.isBuffer(request.body) || request.body.length === 0) return undefined;
  try {
    return JSON.parse(request.body.toString('utf8'));
  } catch {
    throw invalidRequest('The body is not JSON.');
  }
}

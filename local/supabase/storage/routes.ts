import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { KeyRing } from '../keys.ts';
import { notImplemented } from '../notImplemented.ts';
import { createBucket, getBucket, listBuckets } from './buckets.ts';
import { readBody, readForm } from './body.ts';
import { invalidRequest, tooLarge, toStorageError } from './errors.ts';
import { download, listObjects, objectInfo, removeObjects } from './objects.ts';
import { createSession } from './session.ts';
import type { StorageSession } from './session.ts';
import { parseUserMetadata, upload, type Upload } from './upload.ts';

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
  app.addContentTypeParser('*', async (_request: FastifyRequest, stream: Readable) => readBody(stream));
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
      const session = await open(request);
      return upload(session, {
        bucket,
        key,
        ...(await fileOf(request)),
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

/** The file in a request: its body, or a part of a form. */
async function fileOf(
  request: FastifyRequest,
): Promise<Pick<Upload, 'content' | 'contentType' | 'cacheControl' | 'userMetadata'>> {
  const contentType = request.headers['content-type'] ?? 'application/octet-stream';
  const hasBody =
    request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
  const body = hasBody ? (request.body as Buffer | undefined) : Buffer.alloc(0);
  if (body === undefined) throw tooLarge();
  if (!contentType.startsWith('multipart/')) {
    return {
      content: body,
      contentType,
      cacheControl: request.headers['cache-control'] ?? 'no-cache',
      userMetadata: parseUserMetadata(fromBase64(header(request, 'x-metadata'))),
    };
  }
  const form = await readForm(body, contentType);
  return {
    content: form.content,
    contentType: form.contentType,
    cacheControl: form.cacheControl === undefined ? 'no-cache' : `max-age=${form.cacheControl}`,
    userMetadata: parseUserMetadata(form.metadata),
  };
}

function fromBase64(text: string | undefined): string | undefined {
  return text === undefined ? undefined : Buffer.from(text, 'base64').toString('utf8');
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

import { isDocumentId } from '../contract/documents.ts';
import { LegisyncError } from '../contract/failures.ts';
import { MalformedAnswer } from './answers.ts';
import type { ApiRequest } from './api.ts';
import { stripVersion } from './ids.ts';
import { contentHash } from './projection.ts';
import type { Consulted } from './types.ts';

interface Route {
  readonly path: string;
  /**
   * The name of the id in the request. With another name, some endpoints fail and others answer
   * with another document.
   */
  readonly key: 'id' | 'textId';
  /** The key of the document in the answer. */
  readonly holder: 'article' | 'text';
}

const ARTICLE: Route = { path: '/consult/getArticle', key: 'id', holder: 'article' };
const DECISION: Route = { path: '/consult/juri', key: 'textId', holder: 'text' };

/** Endpoint for each id prefix. To support another fond, add a line. */
const ROUTES: ReadonlyMap<string, Route> = new Map([
  ['LEGIARTI', ARTICLE],
  ['JORFARTI', ARTICLE],
  ['KALIARTI', ARTICLE],
  ['JURITEXT', DECISION],
  ['CETATEXT', DECISION],
  ['CONSTEXT', DECISION],
]);

/**
 * The request for one document.
 *
 * @throws LegisyncError `DOCUMENT_REFUSED` if the id is malformed or its kind is not supported.
 */
export function consultRequest(id: string): ApiRequest<Consulted> {
  const route = isDocumentId(id) ? ROUTES.get(id.slice(0, 8)) : undefined;
  if (route === undefined) {
    throw new LegisyncError(
      'DOCUMENT_REFUSED',
      `Document id ${JSON.stringify(id.slice(0, 60))} is not supported. ` +
        `An id is one of ${[...ROUTES.keys()].join(', ')}, followed by twelve digits.`,
    );
  }
  return {
    kind: 'document',
    path: route.path,
    subject: id,
    body: { [route.key]: id },
    read(json, body) {
      checkDocument(id, route, json);
      return { id, body, sha256: hashOf(json) };
    },
  };
}

/**
 * Checks that the answer holds the requested document. The API has been seen to answer 200 with an
 * almost empty body, and with another document than the requested one. Neither may replace the
 * stored document.
 */
function checkDocument(id: string, { holder, path }: Route, json: unknown): void {
  if (!isRecord(json) || !(holder in json)) throw new MalformedAnswer(`no \`${holder}\` in it`);
  const document = json[holder];
  if (document === null) {
    throw new LegisyncError(
      'DOCUMENT_NOT_FOUND',
      `Légifrance does not know ${id}: POST ${path} answered \`${holder}: null\`.`,
    );
  }
  if (!isRecord(document) || Object.keys(document).length < 2)
    throw new MalformedAnswer(`an empty \`${holder}\``);
  if (typeof document['id'] !== 'string') throw new MalformedAnswer(`a \`${holder}\` without an id`);
  if (stripVersion(document['id']) !== id) {
    throw new MalformedAnswer(`the document ${JSON.stringify(document['id'].slice(0, 60))}`);
  }
}

function hashOf(json: unknown): string {
  try {
    return contentHash(json);
  } catch (cause) {
    if (cause instanceof RangeError) throw new MalformedAnswer(cause.message, { cause });
    throw cause;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

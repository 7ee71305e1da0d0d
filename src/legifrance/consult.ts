import { isDocumentId } from '../contract/documents.ts';
import { LegisyncError } from '../contract/failures.ts';
import { MalformedAnswer } from './answers.ts';
import type { Question } from './api.ts';
import { stripVersion } from './listing/listing.ts';
import { contentHash } from './projection.ts';
import type { Consulted } from './types.ts';

interface Route {
  readonly path: string;
  /** What the endpoint calls the id. With another name some endpoints fail, and others answer with another document. */
  readonly key: 'id' | 'textId';
  /** Where the answer holds the document. */
  readonly holder: 'article' | 'text';
}

const ARTICLE: Route = { path: '/consult/getArticle', key: 'id', holder: 'article' };
const DECISION: Route = { path: '/consult/juri', key: 'textId', holder: 'text' };

/** How a document is had, by the prefix of its id. A fond more is a line more. */
const ROUTES: ReadonlyMap<string, Route> = new Map([
  ['LEGIARTI', ARTICLE],
  ['JORFARTI', ARTICLE],
  ['KALIARTI', ARTICLE],
  ['JURITEXT', DECISION],
  ['CETATEXT', DECISION],
  ['CONSTEXT', DECISION],
]);

/**
 * The question for one document.
 *
 * @throws LegisyncError `DOCUMENT_REFUSED` where the id is malformed or of a kind that we do not collect.
 */
export function consultQuestion(id: string): Question<Consulted> {
  const route = isDocumentId(id) ? ROUTES.get(id.slice(0, 8)) : undefined;
  if (route === undefined) {
    throw new LegisyncError(
      'DOCUMENT_REFUSED',
      `Document id ${JSON.stringify(id.slice(0, 60))} cannot be consulted: known are ${[...ROUTES.keys()].join(', ')}, ` +
        'each with twelve digits.',
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
 * Whether the answer holds the document that was asked for. The API has been seen to answer 200 with next to nothing, and
 * with another document than the one it was asked for; neither may replace what is stored.
 */
function checkDocument(id: string, { holder, path }: Route, json: unknown): void {
  if (!isRecord(json) || !(holder in json)) throw new MalformedAnswer(`no \`${holder}\` in it`);
  const document = json[holder];
  if (document === null) {
    throw new LegisyncError(
      'DOCUMENT_NOT_FOUND',
      `Légifrance knows no ${id}: POST ${path} gave \`${holder}: null\`.`,
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

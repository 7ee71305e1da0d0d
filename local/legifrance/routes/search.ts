import type { FastifyInstance, FastifyReply } from 'fastify';
import { sendAppError, UNHANDLED } from '../answers/errors.ts';
import type { Settings } from '../options.ts';
import type { Parts } from '../parts.ts';
import { searchBody, UnsupportedFilter, type Found, type Page } from '../search/page.ts';
import { searchRequest, type SearchRequest } from '../search/request.ts';

/** The largest `pageSize` of the API. */
const MAX_PAGE_SIZE = 100;

/**
 * `POST /search` for the fonds CODE_DATE and CETAT; other fonds get a 501 with an explanation.
 */
export function searchRoute(app: FastifyInstance, parts: Parts): void {
  const { settings, times } = parts;
  app.post('/search', (request, reply) => {
    const parsed = searchRequest.safeParse(request.body);
    if (!parsed.success) return sendAppError(reply, 500, UNHANDLED);
    const { recherche } = parsed.data;
    if (recherche.pageSize > MAX_PAGE_SIZE && settings.oversizePage === 'reject') {
      return sendAppError(
        reply,
        400,
        `pageSize ${recherche.pageSize} dépasse le maximum de ${MAX_PAGE_SIZE}.`,
      );
    }
    const size = Math.min(recherche.pageSize, MAX_PAGE_SIZE);
    const walled = isBeyondWall(settings, recherche.pageNumber, size);
    if (walled && settings.pageWall !== 'empty') return sendWall(reply, settings.pageWall);
    // Beyond the reach, an "empty" answer still reports the true totals.
    const page = { offset: (recherche.pageNumber - 1) * size, size: walled ? 0 : size };
    try {
      const found = find(parts, parsed.data, page);
      if (found === undefined) {
        return sendAppError(
          reply,
          501,
          `The simulator has no fond ${parsed.data.fond}; it has CODE_DATE and CETAT.`,
        );
      }
      return reply.send(searchBody(found, recherche.typePagination, times.search()));
    } catch (error) {
      if (error instanceof UnsupportedFilter) return sendAppError(reply, 501, error.message);
      throw error;
    }
  });
}

function isBeyondWall(settings: Settings, pageNumber: number, size: number): boolean {
  return pageNumber > settings.maxPages || pageNumber * size > settings.maxReachableResults;
}

function sendWall(reply: FastifyReply, answer: 'error500' | 'error400'): FastifyReply {
  return answer === 'error500'
    ? sendAppError(reply, 500, UNHANDLED)
    : sendAppError(reply, 400, 'Il est impossible de parcourir plus de 10 000 résultats.');
}

function find(parts: Parts, { fond, recherche }: SearchRequest, page: Page): Found | undefined {
  if (fond === 'CODE_DATE') return parts.codeSearch.find(recherche, recherche.filtres, page);
  if (fond === 'CETAT') return parts.decisionSearch.find(recherche, recherche.filtres, recherche.sort, page);
  return undefined;
}

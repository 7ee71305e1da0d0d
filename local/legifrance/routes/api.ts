import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { articleBody } from '../answers/article.ts';
import { codeListBody } from '../answers/codeList.ts';
import { sendAppError, UNHANDLED, UNKNOWN_ID } from '../answers/errors.ts';
import type { Parts } from '../parts.ts';
import { searchRoute } from './search.ts';

/** Base path of the Légifrance API. */
export const API_BASE = '/dila/legifrance/lf-engine-app';
/** The paths served below {@link API_BASE}. */
export const API_PATHS = [
  '/search',
  '/list/code',
  '/consult/legi/tableMatieres',
  '/consult/getArticle',
  '/consult/juri',
] as const;

/** The largest page of any list or search. */
const MAX_PAGE_SIZE = 100;

const codeListRequest = z.object({
  pageNumber: z.int().min(1).default(1),
  pageSize: z.int().min(1).max(MAX_PAGE_SIZE).default(10),
  states: z.array(z.string()).optional(),
  codeName: z.string().optional(),
});
const tableRequest = z.object({ textId: z.string(), date: z.union([z.string(), z.number()]) });
const articleRequest = z.object({ id: z.string() });
const decisionRequest = z.object({ textId: z.string() });

/** The routes of the API; register them below {@link API_BASE}. */
export function apiRoutes(app: FastifyInstance, parts: Parts): void {
  const { codes, counters, decisionAnswers, decisions, tablesOfContents, times } = parts;
  searchRoute(app, parts);

  app.post('/list/code', (request, reply) => {
    const parsed = codeListRequest.safeParse(request.body);
    if (!parsed.success) return sendAppError(reply, 400, UNKNOWN_ID);
    const { pageNumber, pageSize, states, codeName } = parsed.data;
    return reply.send(codeListBody(codes, { pageNumber, pageSize, states, codeName }, times.consult()));
  });

  app.post('/consult/legi/tableMatieres', (request, reply) => {
    const parsed = tableRequest.safeParse(request.body);
    const code = parsed.success ? codes.code(parsed.data.textId) : undefined;
    if (code === undefined) return sendAppError(reply, 400, UNKNOWN_ID);
    return reply.type('application/json').send(tablesOfContents.body(code, times.consult()));
  });

  // An unknown id is not an error here: the answer has no article.
  app.post('/consult/getArticle', (request, reply) => {
    const parsed = articleRequest.safeParse(request.body);
    if (!parsed.success) return sendAppError(reply, 500, UNHANDLED);
    const located = codes.find(parsed.data.id);
    if (located !== undefined) counters.consulted(parsed.data.id);
    return reply.send({
      executionTime: times.consult(),
      dereferenced: false,
      article: located === undefined ? null : articleBody(codes, located),
    });
  });

  app.post('/consult/juri', (request, reply) => {
    const parsed = decisionRequest.safeParse(request.body);
    const decision = parsed.success ? decisions.find(parsed.data.textId) : undefined;
    if (decision === undefined) return sendAppError(reply, 400, UNKNOWN_ID);
    counters.consulted(decision.id);
    return reply.type('application/json').send(decisionAnswers.body(decision, times.consult()));
  });
}

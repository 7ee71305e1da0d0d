import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * What the double does not do, it says: a 404 or an empty list would be taken for an answer. The fields are those of
 * both APIs, so that either client shows the message.
 */
export function notImplemented(request: FastifyRequest, reply: FastifyReply, what?: string): FastifyReply {
  const path = request.url.split('?', 1)[0] ?? '';
  return reply.code(501).send({
    statusCode: '501',
    error: 'Not Implemented',
    code: 'NotImplemented',
    message:
      `The local Supabase double does not do ${request.method} ${path}${what === undefined ? '' : ` with ${what}`}. ` +
      'Use a real project for it (SUPABASE_URL), or teach it in local/supabase.',
    details: null,
    hint: null,
  });
}

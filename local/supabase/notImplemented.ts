import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Refuses a request that the double does not support. A 404 or an empty list would look like an
 * answer. The body has the fields of both APIs, so that both clients show the message.
 */
export function notImplemented(request: FastifyRequest, reply: FastifyReply, what?: string): FastifyReply {
  const path = request.url.split('?', 1)[0] ?? '';
  return reply.code(501).send({
    statusCode: '501',
    error: 'Not Implemented',
    code: 'NotImplemented',
    message:
      `The local Supabase double does not support ${request.method} ${path}${what === undefined ? '' : ` with ${what}`}. ` +
      'Use a real project for it (SUPABASE_URL), or add it in local/supabase.',
    details: null,
    hint: null,
  });
}

import { timingSafeEqual, createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { Parts } from '../parts.ts';

/** Path of PISTE's token endpoint. */
export const TOKEN_PATH = '/api/oauth/token';

const REFUSED = {
  error: 'invalid_client',
  error_description:
    'Client authentication failed (e.g. unknown client, no client authentication included, or unsupported authentication method).',
};

/** The token endpoint: client credentials in a form body, no refresh token. */
export function tokenRoute(app: FastifyInstance, parts: Parts): void {
  const { settings, tokens } = parts;
  app.post(TOKEN_PATH, async (request, reply) => {
    const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
    if (form.get('grant_type') !== 'client_credentials') {
      return reply.code(400).send({ error: 'unsupported_grant_type' });
    }
    const genuine =
      same(form.get('client_id'), settings.clientId) &&
      same(form.get('client_secret'), settings.clientSecret);
    if (!genuine) return reply.code(401).send(REFUSED);
    return {
      access_token: tokens.issue(),
      token_type: 'Bearer',
      expires_in: tokens.lifetimeSeconds,
      scope: form.get('scope') ?? 'openid',
    };
  });
}

function same(given: string | null, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return given !== null && timingSafeEqual(digest(given), digest(expected));
}

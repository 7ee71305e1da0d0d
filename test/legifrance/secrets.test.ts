import { createServer } from 'node:http';
import { inspect } from 'node:util';
import type { FastifyReply } from 'fastify';
import type { Legifrance } from '../../src/legifrance/types.ts';
import { ARTICLE, failureOf, inTime, SECRET, withApi } from './support.ts';

const consult = (api: Legifrance): Promise<unknown> => api.consult(ARTICLE, inTime());
const search = (api: Legifrance): Promise<unknown> =>
  api.search({ fond: 'CETAT', query: 'urbanisme', day: '2026-01-01' }, 1, 100, inTime());
const text = (body: string) => (reply: FastifyReply) => reply.type('application/json').send(body);

describe('secrets', () => {
  it('never appear in errors or logs, whatever the API repeats of a request', async () => {
    const echo = (reply: FastifyReply, message: string) => reply.code(400).send({ message, error: message });
    const output: string[] = [];
    const log = {
      debug: (fields: object, message: string) => void output.push(inspect(fields), message),
      info: (fields: object, message: string) => void output.push(inspect(fields), message),
      warn: (fields: object, message: string) => void output.push(inspect(fields), message),
    };
    const canary = 'canary-token-th2uv3lq9z';
    await withApi(
      {
        client: { log },
        api: (_asked, reply, request) =>
          echo(reply, `Bad: ${request.headers.authorization ?? ''} ${'x'.repeat(180)}`),
        token: () => ({ access_token: canary, expires_in: 3600 }),
      },
      async ({ legifrance }) => {
        for (const ask of [consult, search])
          output.push(inspect(await failureOf(ask(legifrance)), { depth: 9 }));
      },
    );
    const tokenAnswers = [
      (reply: FastifyReply) => echo(reply, `Bad: client_secret=${encodeURIComponent(SECRET)} ${SECRET}`),
      // Truncated token answers: the parser would quote the token.
      text(`{"access_token":"${canary}`),
      text(`"${canary}"`),
      text(canary),
    ];
    for (const token of tokenAnswers) {
      await withApi({ client: { log }, api: () => '', token }, async ({ legifrance }) => {
        output.push(inspect(await failureOf(consult(legifrance)), { depth: 9 }));
      });
    }
    expect(output.join('\n')).toMatch(/\[secret\]/);
    for (const secret of [canary, canary.slice(0, 9), SECRET, encodeURIComponent(SECRET)]) {
      expect(output.join('\n')).not.toContain(secret);
    }
  });

  it('are never sent to the target of a redirect', async () => {
    let redirected = 0;
    const elsewhere = createServer((_request, response) => {
      redirected += 1;
      response.end('{}');
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    const address = elsewhere.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const api = (_asked: unknown, reply: FastifyReply) =>
      reply
        .code(307)
        .header('location', `http://127.0.0.1:${port ?? 0}/`)
        .send();
    await withApi({ api }, async ({ legifrance }) => {
      await expect(consult(legifrance)).rejects.toMatchObject({ code: 'LEGIFRANCE_UNAVAILABLE' });
    });
    elsewhere.close();
    expect(redirected).toBe(0);
  });
});

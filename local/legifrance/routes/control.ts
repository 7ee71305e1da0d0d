import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { ControlRefused, type Control } from '../control.ts';
import { faultSchema } from '../faults.ts';
import {
  addedDecisionsSchema,
  latencySchema,
  rateSchema,
  retryAfterSchema,
  tokenLifetimeSchema,
} from '../options.ts';

const id = z.string().min(1).max(100);

/** The bodies of `POST /_control`. */
const command = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('setRate'),
    rate: rateSchema,
    retryAfterSeconds: retryAfterSchema.optional(),
  }),
  z.strictObject({ action: z.literal('setLatency'), ...latencySchema.shape }),
  z.strictObject({ action: z.literal('setTokenLifetime'), seconds: tokenLifetimeSchema }),
  z.strictObject({ action: z.literal('fault'), fault: faultSchema }),
  z.strictObject({ action: z.literal('clearFaults') }),
  z.strictObject({ action: z.literal('revokeTokens') }),
  z.strictObject({ action: z.literal('reviseArticle'), id, texte: z.string().max(1_000_000).optional() }),
  z.strictObject({ action: z.literal('reviseDocument'), id }),
  z.strictObject({ action: z.literal('removeDocument'), id }),
  z.strictObject({ action: z.literal('addDecisions'), count: addedDecisionsSchema }),
]);
type Command = z.output<typeof command>;

/** `GET` and `POST /_control`, `GET /_stats`, `GET /_stats/consults/:id`, `POST /_stats/reset`. */
export function controlRoutes(app: FastifyInstance, control: Control): void {
  app.get('/_control', () => control.state());
  app.post('/_control', async (request, reply) => {
    const parsed = command.safeParse(request.body);
    if (!parsed.success) return reply.code(400).send({ error: z.prettifyError(parsed.error) });
    try {
      return { ok: true, result: carryOut(control, parsed.data) };
    } catch (error) {
      if (error instanceof ControlRefused) return reply.code(400).send({ error: error.message });
      throw error;
    }
  });
  app.get('/_stats', () => control.stats());
  app.get<{ Params: { id: string } }>('/_stats/consults/:id', ({ params }) => ({
    id: params.id,
    consults: control.consultsOf(params.id),
  }));
  app.post('/_stats/reset', () => {
    control.resetStats();
    return { ok: true };
  });
}

function carryOut(control: Control, order: Command): object | null {
  switch (order.action) {
    case 'revokeTokens':
      return { revoked: control.revokeTokens() };
    case 'addDecisions':
      return control.addDecisions(order.count);
    case 'setRate':
      control.setRate(order.rate, order.retryAfterSeconds);
      break;
    case 'setLatency':
      control.setLatency({ fixedMs: order.fixedMs, jitterMs: order.jitterMs });
      break;
    case 'setTokenLifetime':
      control.setTokenLifetime(order.seconds);
      break;
    case 'fault':
      control.fault(order.fault);
      break;
    case 'clearFaults':
      control.clearFaults();
      break;
    case 'reviseArticle':
      control.reviseArticle(order.id, { texte: order.texte });
      break;
    case 'reviseDocument':
      control.reviseDocument(order.id);
      break;
    case 'removeDocument':
      control.removeDocument(order.id);
      break;
  }
  return null;
}

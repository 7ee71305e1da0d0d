import type { FastifyReply } from 'fastify';

const STATUS_TEXT = { 400: 'Bad Request', 500: 'Internal Server Error', 501: 'Not Implemented' } as const;

/** The message of HTTP 400 from `/consult/juri` for an id that does not exist. */
export const UNKNOWN_ID = "L'expression à valider est fausse.";
/** The message of HTTP 500 for a search that fails in the application. */
export const UNHANDLED = 'Une exception non gérée est survenue';

type AppErrorStatus = keyof typeof STATUS_TEXT;

/**
 * The body of an error from Légifrance itself: `error` is the number, `status` the text.
 */
export function appErrorBody(code: AppErrorStatus, message: string) {
  return {
    timestamp: Date.now(),
    error: code,
    status: STATUS_TEXT[code],
    message,
    errorCode: null,
    exceptionDetails: null,
  };
}

/** Answers with {@link appErrorBody}. */
export function sendAppError(reply: FastifyReply, code: AppErrorStatus, message: string): FastifyReply {
  return reply.code(code).send(appErrorBody(code, message));
}

import type { Dispatcher } from 'undici';
import { reasonOf } from '../abort.ts';
import type { Clock } from '../clock.ts';

/** A complete answer. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The exchange, from the first byte sent to the last one received, exceeded its time limit. */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
}

/** The body exceeds the size limit. */
export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge';
}

/**
 * A code's table of contents has up to some 10 MB. Ten bodies of this size fit into a worker's
 * memory.
 */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

export interface Http {
  /**
   * Sends one POST and returns the answer, whatever its status. Redirects are not followed, so that
   * the credentials in the headers never go to another host.
   *
   * @throws DeadlineExceeded, AnswerTooLarge, the dispatcher's error, or the signal's reason when
   * it is aborted.
   */
  post(request: Post, signal: AbortSignal): Promise<Answer>;
}

/** HTTP over `dispatcher`. `timeoutMs` limits the whole exchange: connect, send, wait and read. */
export function createHttp(dispatcher: Dispatcher, timeoutMs: number, clock: Clock): Http {
  async function exchange(request: Post, signal: AbortSignal): Promise<Answer> {
    const { origin, pathname, search } = new URL(request.url);
    const response = await dispatcher.request({
      origin,
      path: `${pathname}${search}`,
      method: 'POST',
      headers: request.headers,
      body: request.body,
      signal,
    });
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(response.headers)) {
      if (value !== undefined) headers[name] = String(value);
    }
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      size += chunk.length;
      // Leaving the loop destroys the stream and its connection.
      if (size > MAX_BODY_BYTES) throw new AnswerTooLarge(`more than ${MAX_BODY_BYTES} bytes`);
      chunks.push(chunk);
    }
    return { status: response.statusCode, headers, body: Buffer.concat(chunks, size) };
  }

  return {
    async post(request, signal) {
      signal.throwIfAborted();
      // Not AbortSignal.any(): called for each request of a batch, its signals would accumulate on
      // the batch's signal.
      const controller = new AbortController();
      const abort = (): void => controller.abort(reasonOf(signal));
      signal.addEventListener('abort', abort, { once: true });
      const cancel = clock.after(timeoutMs, () => {
        controller.abort(new DeadlineExceeded(`no complete answer within ${timeoutMs} ms`));
      });
      try {
        return await exchange(request, controller.signal);
      } finally {
        cancel();
        signal.removeEventListener('abort', abort);
      }
    },
  };
}

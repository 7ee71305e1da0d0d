import type { Dispatcher } from 'undici';
import { reasonOf } from '../abort.ts';
import type { Clock } from '../clock.ts';

/** What came back, whole. */
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

/** The exchange took longer than it may, from the first byte sent to the last one received. */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
}

/** The body is larger than we are ready to hold. */
export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge';
}

/** Large enough for a whole code's table of contents (some 10 MB); ten at once still fit a worker's memory. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

export interface Http {
  /**
   * One POST, one answer, whatever its status. A redirect is an answer too: it is never followed, so that what the
   * headers say of us goes to the host it is meant for.
   *
   * @throws DeadlineExceeded, AnswerTooLarge, the dispatcher's error, or the signal's reason when it is aborted.
   */
  post(request: Post, signal: AbortSignal): Promise<Answer>;
}

/** HTTP over `dispatcher`. `timeoutMs` bounds a whole exchange: connecting, sending, waiting and reading. */
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
      // Leaving the loop destroys the stream, and with it the connection.
      if (size > MAX_BODY_BYTES) throw new AnswerTooLarge(`more than ${MAX_BODY_BYTES} bytes`);
      chunks.push(chunk);
    }
    return { status: response.statusCode, headers, body: Buffer.concat(chunks, size) };
  }

  return {
    async post(request, signal) {
      signal.throwIfAborted();
      // Not AbortSignal.any(): made for every request from a signal that lives as long as a batch, it piles up on it.
      const controller = new AbortController();
      const abort = (): void => controller.abort(reasonOf(signal));
      signal.addEventListener('abort', abort, { once: true });
      const cancel = clock.after(timeoutMs, () => {
        controller.abort(new DeadlineExceeded(`no whole answer within ${timeoutMs} ms`));
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

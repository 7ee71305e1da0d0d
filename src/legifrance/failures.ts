import { LegisyncError, type FailureCode } from '../contract/failures.ts';
import { hideSecrets } from '../contract/knownSecrets.ts';
import { LEGIFRANCE_ATTEMPTS } from '../contract/timing.ts';
import { explanation, isHtml, isUnauthenticated, MalformedAnswer, retryAfterMs } from './answers.ts';
import type { Clock } from './clock.ts';
import { AnswerTooLarge, DeadlineExceeded, type Answer } from './transport/http.ts';

/** What was requested: the same answer means something else for another kind. */
export interface Asked {
  /**
   * `document`: one by its id. `listing`: a search, a table of contents, a list. `token`: an access
   * token.
   */
  readonly kind: 'document' | 'listing' | 'token';
  /** For messages: `POST /consult/getArticle LEGIARTI…`. */
  readonly what: string;
}

/**
 * A failed attempt: the reason, and how often the request may be sent before the caller gets it.
 */
export class AttemptFailed extends Error {
  override readonly name = 'AttemptFailed';
  readonly failure: LegisyncError;
  /** How often the same request may be sent in total, this attempt included. */
  readonly attempts: number;
  /** Minimum pause before the next attempt, in milliseconds. */
  readonly pauseMs: number;

  constructor(failure: LegisyncError, attempts: number, pauseMs = 0) {
    super(failure.message);
    this.failure = failure;
    this.attempts = attempts;
    this.pauseMs = pauseMs;
  }
}

interface Rule {
  readonly when: (answer: Answer, asked: Asked) => boolean;
  readonly code: FailureCode;
  readonly attempts: number;
  readonly pauseMs?: number;
  /** Explains the answer. */
  readonly hint?: string;
  /** Fits this cause better than the remedy of the code. */
  readonly remedy?: string;
}

/**
 * Under load the API refuses valid credentials in "very short windows", with `invalid_client`.
 * Clients see it end after 2 to 5 s. Three refusals with this pause between them mean wrong
 * credentials.
 */
const CREDENTIALS_PAUSE_MS = 2_000;

/** The answer of /consult/juri for a well-formed id that no document has. */
const UNKNOWN_ID = /expression à valider est fausse/i;

/**
 * The meaning of an answer that is not a success. The first rule that matches decides. The order
 * matters: 400 has four meanings.
 *
 * - 401 occurs here only after a new token was tried. Then the gateway sheds load.
 * - Another 400 for one document: PISTE's APIs sometimes answer so for valid ids. The document
 *   fails, not the batch.
 * - 404: an unknown document does not get it. A wrong path does, and so do valid documents while a
 *   server is replaced. If it meant "not found", an outage would make all documents unavailable.
 * - 423 is PISTE's lock for suspicious activity. A person has to lift it, and frequent requests
 *   prolong it, so it shares the slow retry of 403.
 * - 500 is also the answer to a search that the API does not understand. These searches have fixed
 *   forms, so it means instability, but only two attempts are made.
 */
const RULES: readonly Rule[] = [
  {
    when: ({ status }, { kind }) => kind === 'token' && (status === 400 || status === 401),
    code: 'LEGIFRANCE_CREDENTIALS',
    attempts: LEGIFRANCE_ATTEMPTS,
    pauseMs: CREDENTIALS_PAUSE_MS,
    hint: 'PISTE does not accept the client id and secret.',
  },
  {
    when: isUnauthenticated,
    code: 'LEGIFRANCE_THROTTLED',
    attempts: 1,
    hint: 'It refused a token that it had just given.',
  },
  {
    when: (answer, { kind }) =>
      kind === 'document' && answer.status === 400 && UNKNOWN_ID.test(explanation(answer)),
    code: 'DOCUMENT_NOT_FOUND',
    attempts: 1,
  },
  {
    when: ({ status }, { kind }) => kind === 'document' && status === 400,
    code: 'DOCUMENT_MALFORMED',
    attempts: LEGIFRANCE_ATTEMPTS,
  },
  {
    when: ({ status }) => status === 403,
    code: 'LEGIFRANCE_FORBIDDEN',
    attempts: 1,
    hint: 'The PISTE application has no right to this API.',
  },
  {
    when: ({ status }) => status === 423,
    code: 'LEGIFRANCE_FORBIDDEN',
    attempts: 1,
    hint: 'PISTE has locked the application for suspicious activity.',
    remedy: 'Ask the support of PISTE to lift the lock.',
  },
  { when: ({ status }) => status === 429, code: 'LEGIFRANCE_THROTTLED', attempts: LEGIFRANCE_ATTEMPTS },
  { when: ({ status }) => status === 500, code: 'LEGIFRANCE_UNAVAILABLE', attempts: 2 },
  {
    when: ({ status }) => status === 404 || status === 408 || status > 500,
    code: 'LEGIFRANCE_UNAVAILABLE',
    attempts: LEGIFRANCE_ATTEMPTS,
  },
  {
    when: ({ status }) => status >= 300 && status < 400,
    code: 'LEGIFRANCE_UNAVAILABLE',
    attempts: LEGIFRANCE_ATTEMPTS,
    hint: 'Redirects are not followed.',
  },
  {
    when: isHtml,
    code: 'LEGIFRANCE_UNAVAILABLE',
    attempts: LEGIFRANCE_ATTEMPTS,
    hint: 'It sent a web page.',
  },
  { when: () => true, code: 'LEGIFRANCE_REJECTED', attempts: 1 },
];

/**
 * Maps an answer that is not a success.
 *
 * @param secrets are removed from the explanation of the API, which may repeat what it received
 */
export function failedAnswer(
  asked: Asked,
  answer: Answer,
  clock: Clock,
  secrets: readonly string[],
): AttemptFailed {
  const rule = RULES.find(({ when }) => when(answer, asked));
  if (rule === undefined) throw new Error('The last rule matches every answer.');
  const said = hideSecrets(secrets)(explanation(answer)).slice(0, 200);
  const parts = [
    `Légifrance answered HTTP ${answer.status} to ${asked.what}.`,
    rule.hint ?? '',
    said === '' ? '' : `It says: ${said}`,
  ];
  const wait = retryAfterMs(answer, clock);
  const failure = new LegisyncError(rule.code, parts.filter((part) => part !== '').join(' '), {
    ...(wait !== undefined && { retryAfterMs: wait }),
    ...(rule.remedy !== undefined && { remedy: rule.remedy }),
  });
  return new AttemptFailed(failure, rule.attempts, Math.max(rule.pauseMs ?? 0, wait ?? 0));
}

/**
 * Maps an exchange without a usable answer. A failure that is already mapped is returned as it is,
 * and so is an error that is not the network's: a bug, or an abort.
 */
export function failedExchange(asked: Asked, error: unknown): unknown {
  if (error instanceof AttemptFailed || error instanceof LegisyncError) return error;
  // HTTP parser errors quote the text that they could not parse. That may contain the token.
  const options = asked.kind === 'token' ? {} : { cause: error };
  if (error instanceof MalformedAnswer) {
    return new AttemptFailed(
      new LegisyncError(
        asked.kind === 'document' ? 'DOCUMENT_MALFORMED' : 'LEGIFRANCE_UNAVAILABLE',
        `Légifrance answered ${asked.what} with an unusable answer: ${error.message}.`,
        options,
      ),
      LEGIFRANCE_ATTEMPTS,
    );
  }
  if (error instanceof AnswerTooLarge) {
    // The same request gets the same answer.
    return new AttemptFailed(
      new LegisyncError(
        asked.kind === 'document' ? 'DOCUMENT_REFUSED' : 'LEGIFRANCE_REJECTED',
        `Légifrance's answer to ${asked.what} is too large: ${error.message}.`,
        options,
      ),
      1,
    );
  }
  const reason = error instanceof DeadlineExceeded ? error.message : networkCode(error);
  if (reason === undefined) return error;
  return new AttemptFailed(
    new LegisyncError(
      'LEGIFRANCE_UNAVAILABLE',
      `No answer from Légifrance to ${asked.what}: ${reason}.`,
      options,
    ),
    LEGIFRANCE_ATTEMPTS,
  );
}

/**
 * Error code of undici or the system (`ECONNREFUSED`, `UND_ERR_SOCKET`), except for a wrong
 * argument.
 */
function networkCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  const { code } = error;
  return typeof code === 'string' && !/INVALID_(ARG|URL)/.test(code) ? code : undefined;
}

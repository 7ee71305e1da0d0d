import { LegisyncError, type FailureCode } from '../contract/failures.ts';
import { explanation, isHtml, isUnauthenticated, MalformedAnswer, retryAfterMs } from './answers.ts';
import type { Clock } from './clock.ts';
import { AnswerTooLarge, DeadlineExceeded, type Answer } from './transport/http.ts';

/** What was asked, as far as it matters for what a refusal means. */
export interface Asked {
  /** `document`: one document by its id; `listing`: a search, a table of contents, a list; `token`: an access token. */
  readonly kind: 'document' | 'listing' | 'token';
  /** For people: `POST /consult/getArticle LEGIARTI…`. */
  readonly what: string;
}

/** One attempt failed: why, and what is left to try before the error goes to the caller. */
export class AttemptFailed extends Error {
  override readonly name = 'AttemptFailed';
  readonly failure: LegisyncError;
  /** How often the same request may be sent in all, this time included. */
  readonly attempts: number;
  /** The least pause before the next attempt. */
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
  readonly hint?: string;
}

/** Attempts in place for what usually passes in seconds. Longer trouble is for the activity's retries: they last days. */
const SOME = 3;

/**
 * The API refuses good credentials in "very short windows" under load, with `invalid_client`; clients see it pass after
 * 2 to 5 s. Three refusals that far apart are believed.
 */
const CREDENTIALS_PAUSE_MS = 2_000;

/** The API's words, on /consult/juri, for an id that is well-formed but names nothing. */
const UNKNOWN_ID = /expression à valider est fausse/i;

/**
 * What an answer that is no success means; the first rule that fits. The order matters: 400 has four meanings.
 *
 * - 401 gets here only after a new token was tried: then it is how the gateway sheds load.
 * - Another 400 for one document: PISTE's APIs answer so in passing for valid ids. It is that document's trouble, not
 *   the batch's.
 * - 404: unknown documents do not get it; a wrong path does, and so do valid ones while a server is being replaced.
 *   Taking it as "not found" would withdraw everything after one bad day.
 * - 423 is PISTE's lock for suspicious activity: a person has to lift it, and asking often makes it worse, so it shares
 *   the slow retry of 403.
 * - 500: the API also says so of a search it does not understand. Ours are built from fixed forms, so it is taken as
 *   instability, but tried only twice.
 */
const RULES: readonly Rule[] = [
  {
    when: ({ status }, { kind }) => kind === 'token' && (status === 400 || status === 401),
    code: 'LEGIFRANCE_CREDENTIALS',
    attempts: SOME,
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
    attempts: SOME,
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
    hint: 'PISTE has locked the application for suspicious activity: ask its support to lift the lock.',
  },
  { when: ({ status }) => status === 429, code: 'LEGIFRANCE_THROTTLED', attempts: SOME },
  { when: ({ status }) => status === 500, code: 'LEGIFRANCE_UNAVAILABLE', attempts: 2 },
  {
    when: ({ status }) => status === 404 || status === 408 || status > 500,
    code: 'LEGIFRANCE_UNAVAILABLE',
    attempts: SOME,
  },
  {
    when: ({ status }) => status >= 300 && status < 400,
    code: 'LEGIFRANCE_UNAVAILABLE',
    attempts: SOME,
    hint: 'Redirects are not followed.',
  },
  { when: isHtml, code: 'LEGIFRANCE_UNAVAILABLE', attempts: SOME, hint: 'It sent a web page.' },
  { when: () => true, code: 'LEGIFRANCE_REJECTED', attempts: 1 },
];

/**
 * What an answer means that is no success; `secrets` are struck out of what the API says, since it may repeat what it was
 * sent.
 */
export function failedAnswer(
  asked: Asked,
  answer: Answer,
  clock: Clock,
  secrets: readonly string[],
): AttemptFailed {
  const rule = RULES.find(({ when }) => when(answer, asked));
  if (rule === undefined) throw new Error('The last rule fits every answer.');
  const said = withoutSecrets(explanation(answer), secrets).slice(0, 200);
  const parts = [
    `Légifrance answered HTTP ${answer.status} to ${asked.what}.`,
    rule.hint ?? '',
    said === '' ? '' : `It says: ${said}`,
  ];
  const wait = retryAfterMs(answer, clock);
  const failure = new LegisyncError(
    rule.code,
    parts.filter((part) => part !== '').join(' '),
    wait === undefined ? {} : { retryAfterMs: wait },
  );
  return new AttemptFailed(failure, rule.attempts, Math.max(rule.pauseMs ?? 0, wait ?? 0));
}

/**
 * What it means that no usable answer came. What has been classified already is returned as it is, and so is what is no
 * matter of the network: a bug, or an abort.
 */
export function failedExchange(asked: Asked, error: unknown): unknown {
  if (error instanceof AttemptFailed || error instanceof LegisyncError) return error;
  // Parser errors of HTTP quote what they could not read: of the token endpoint's answer, that may be the token.
  const options = asked.kind === 'token' ? {} : { cause: error };
  if (error instanceof MalformedAnswer) {
    return new AttemptFailed(
      new LegisyncError(
        asked.kind === 'document' ? 'DOCUMENT_MALFORMED' : 'LEGIFRANCE_UNAVAILABLE',
        `Légifrance answered ${asked.what} with something else than was asked: ${error.message}.`,
        options,
      ),
      SOME,
    );
  }
  if (error instanceof AnswerTooLarge) {
    // The same request can only give the same answer.
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
      `No answer of Légifrance to ${asked.what}: ${reason}.`,
      options,
    ),
    SOME,
  );
}

function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret !== '')
    .flatMap((secret) => [secret, encodeURIComponent(secret)])
    .reduce((clean, secret) => clean.replaceAll(secret, '[secret]'), text);
}

/** The code of an error of undici or of the system (`ECONNREFUSED`, `UND_ERR_SOCKET`); not of a misuse of either. */
function networkCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  const { code } = error;
  return typeof code === 'string' && !/INVALID_(ARG|URL)/.test(code) ? code : undefined;
}

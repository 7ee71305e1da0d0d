/** Name of {@link ConnectionError}, with which postgrest-js begins its message. */
const NAME = 'SupabaseUnreachable';

/** Codes of Node and undici for a connection that was never made, with what they mean. */
const CAUSES: readonly (readonly [code: RegExp, meaning: string])[] = [
  [/^(ENOTFOUND|EAI_AGAIN)$/, 'the name is not known'],
  [/^ECONNREFUSED$/, 'no server listens there'],
  [/^(EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/, 'the network has no route to it'],
  [/^(ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/, 'it does not accept a connection in time'],
  [/CERT|UNABLE_TO_VERIFY_LEAF_SIGNATURE|^ERR_TLS_/, 'its certificate is not valid'],
  [/^(EPROTO|ERR_SSL_)/, 'it does not speak TLS: http:// and https:// may be confused'],
];

/** Replaces the error of `fetch`, whose message says only "fetch failed". */
class ConnectionError extends Error {
  override readonly name = NAME;
}

/**
 * Describes why no connection to the host came about.
 *
 * @param error what `fetch` throws
 * @param host of SUPABASE_URL, with its port
 * @returns `error` itself if a connection was made and then lost, or if the request was aborted
 */
export function connectionError(error: unknown, host: string): unknown {
  const { code, message } = rootOf(error);
  const meaning = CAUSES.find(([codes]) => codes.test(code))?.[1];
  if (meaning === undefined) return error;
  const detail = message === '' ? code : `${code}: ${message}`;
  return new ConnectionError(`${host} cannot be reached: ${meaning} (${detail})`, { cause: error });
}

/** The fields that errors of `fetch` and of Node have; none of them is certain. */
interface NetworkError {
  readonly cause?: NetworkError;
  readonly code?: unknown;
  readonly errors?: readonly NetworkError[];
  readonly message?: string;
}

/** `fetch` keeps Node's error in `cause`. That one has an error for each address of the name. */
function rootOf(error: unknown): { readonly code: string; readonly message: string } {
  const { cause } = (error ?? {}) as NetworkError;
  const { code } = cause ?? {};
  return {
    code: typeof code === 'string' ? code : '',
    message: cause?.errors?.[0]?.message ?? cause?.message ?? '',
  };
}

/**
 * Finds a {@link connectionError} in what storage-js or postgrest-js reports.
 *
 * @returns its message; undefined if the failure is another one
 */
export function unreachableHost(reported: {
  readonly message?: unknown;
  readonly originalError?: unknown;
}): string | undefined {
  if (reported.originalError instanceof ConnectionError) return reported.originalError.message;
  const { message } = reported;
  const prefix = `${NAME}: `;
  return typeof message === 'string' && message.startsWith(prefix) ? message.slice(prefix.length) : undefined;
}

import { COMMANDS } from '../installation.ts';

/** The part of a gRPC status that says why a call failed. */
export interface GrpcStatus {
  readonly code: number;
  readonly details: string;
}

/** Why a connection could not be made, as a sentence, and what to do or type next. */
export interface Refusal {
  readonly reason: string;
  readonly next: string;
}

/** gRPC status codes (grpc.io, "Status codes and their use"). */
const UNAVAILABLE = 14;
const UNIMPLEMENTED = 12;

const SHOW = '`legisync config` shows what applies';
const CHECK_ADDRESS = `correct TEMPORAL_ADDRESS; ${SHOW}`;

/**
 * The causes that `@grpc/grpc-js` reports, by their text: it has no codes for them. The first match
 * counts. A test makes each of them happen.
 */
const CAUSES: readonly (readonly [pattern: RegExp, what: string, next: string])[] = [
  [/ECONNREFUSED/, 'refuses the connection', `${COMMANDS.reachServer}; ${SHOW}`],
  [/Name resolution failed/, 'has a host name that cannot be resolved', CHECK_ADDRESS],
  [/ERR_SOCKET_BAD_PORT/, 'has a port that does not exist', CHECK_ADDRESS],
  [
    /wrong version number|packet length too long/i,
    'does not speak TLS',
    'set TEMPORAL_TLS=false and no TEMPORAL_API_KEY (a key enables TLS), or correct TEMPORAL_ADDRESS',
  ],
  [
    /alert|handshake failure/i,
    'refuses the TLS handshake',
    'check TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH: the server may expect a certificate',
  ],
  [
    /altnames/,
    'has a certificate of another host name',
    'set TEMPORAL_TLS_SERVER_NAME to a name of the certificate, or correct TEMPORAL_ADDRESS',
  ],
  [
    /certificate (?:has expired|is not yet valid)/,
    'has a certificate that is not valid today',
    'renew the certificate of the server, or correct the clock of this machine',
  ],
  [
    /certificate/i,
    'has a certificate that is not trusted',
    'set TEMPORAL_TLS_SERVER_CA_CERT_PATH to the certificate of its authority',
  ],
  [
    /Failed to connect|Protocol error|Session closed|ECONNRESET|socket hang up/i,
    'ends the connection without a gRPC answer',
    'set TEMPORAL_TLS to true or false as the server does (an API key enables it), or correct TEMPORAL_ADDRESS',
  ],
  [
    // grpc-js does not keep the error of a proxy or of an unreadable certificate.
    /Last error: (?:undefined|null)/,
    'cannot be connected to, and gRPC gives no cause',
    'check the files of TEMPORAL_TLS_*, and the proxy if grpc_proxy, https_proxy or http_proxy is set',
  ],
];

/**
 * Whether a connection could not be made and another attempt would end in the same way. A server
 * that answers UNAVAILABLE itself, for example while it starts, is not one.
 */
export function isRefused({ code, details }: GrpcStatus): boolean {
  return code === UNAVAILABLE && /^(?:No connection established|Name resolution failed)/.test(details);
}

/** Explains a failed connection to `address`. */
export function explainRefusal(address: string, status: GrpcStatus): Refusal {
  if (status.code === UNIMPLEMENTED) {
    return { reason: `${address} answers, but is not a Temporal server.`, next: CHECK_ADDRESS };
  }
  const cause = causeOf(status.details);
  const shown = cause === '' ? '' : ` (${cause})`;
  const [, what, next] = CAUSES.find(([pattern]) => pattern.test(status.details)) ?? [];
  return isRefused(status) && what !== undefined && next !== undefined
    ? { reason: `${address} ${what}${shown}.`, next }
    : { reason: `The connection to ${address} failed${shown}.`, next: CHECK_ADDRESS };
}

/** The cause in the details of gRPC, without its time, class names and places in OpenSSL's source. */
function causeOf(details: string): string {
  const [, last] = /Last error: (.*?)\.? Resolution note:/s.exec(details) ?? [];
  if (last === 'undefined' || last === 'null') return '';
  const text = (last ?? details)
    .replace(/ \(\d{4}-\d\d-\d\dT[\d:.]+Z\)$/, '')
    .replace(/^\w*Error(?: \[\w+\])?: /, '');
  const [, openSsl] = /:SSL routines:\w*:([^:]+):/.exec(text) ?? [];
  return (openSsl ?? text).trim().replace(/\.$/, '');
}

import { randomBytes } from 'node:crypto';

/**
 * Maximum number of valid tokens; beyond it, the oldest is dropped. A client needs one, a fleet a
 * few dozen.
 */
const MAX_TOKENS = 1000;
/**
 * PISTE's tokens are opaque and have about 54 characters; 40 bytes are 54 characters in base64url.
 */
const TOKEN_BYTES = 40;

/**
 * Issued access tokens. They are in memory only: after a restart, clients must request new ones.
 */
export class Tokens {
  /** Lifetime of tokens issued from now on, in seconds. */
  lifetimeSeconds: number;
  readonly #prefix: string;
  /** Monotonic time in ms; tests pass their own. */
  readonly #now: () => number;
  readonly #expiries = new Map<string, number>();

  /** @param prefix begins every token. */
  constructor(lifetimeSeconds: number, now: () => number, prefix = '') {
    this.lifetimeSeconds = lifetimeSeconds;
    this.#prefix = prefix;
    this.#now = now;
  }

  issue(): string {
    const token = `${this.#prefix}${randomBytes(TOKEN_BYTES).toString('base64url')}`;
    const oldest = this.#expiries.keys().next();
    if (this.#expiries.size >= MAX_TOKENS && oldest.done !== true) this.#expiries.delete(oldest.value);
    this.#expiries.set(token, this.#now() + this.lifetimeSeconds * 1000);
    return token;
  }

  isLive(token: string): boolean {
    const expiry = this.#expiries.get(token);
    return expiry !== undefined && this.#now() < expiry;
  }

  /** Makes all tokens invalid at once and returns how many there were. */
  revokeAll(): number {
    const revoked = this.#expiries.size;
    this.#expiries.clear();
    return revoked;
  }
}

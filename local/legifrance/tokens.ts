import { randomBytes } from 'node:crypto';

/** Live tokens kept; a client needs one, a fleet a few dozen. The oldest gives way. */
const MAX_TOKENS = 1000;
/** PISTE's tokens are opaque, about 54 characters; 40 bytes are 54 in base64url. */
const TOKEN_BYTES = 40;

/** Access tokens given out. They live in memory: a restart forgets them, and clients must cope. */
export class Tokens {
  /** Seconds that a token given out from now on lives. */
  lifetimeSeconds: number;
  /** Monotonic time in ms; tests pass their own. */
  readonly #now: () => number;
  readonly #expiries = new Map<string, number>();

  constructor(lifetimeSeconds: number, now: () => number) {
    this.lifetimeSeconds = lifetimeSeconds;
    this.#now = now;
  }

  issue(): string {
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const oldest = this.#expiries.keys().next();
    if (this.#expiries.size >= MAX_TOKENS && oldest.done !== true) this.#expiries.delete(oldest.value);
    this.#expiries.set(token, this.#now() + this.lifetimeSeconds * 1000);
    return token;
  }

  isLive(token: string): boolean {
    const expiry = this.#expiries.get(token);
    return expiry !== undefined && this.#now() < expiry;
  }

  /** Makes every token invalid at once and says how many there were. */
  revokeAll(): number {
    const revoked = this.#expiries.size;
    this.#expiries.clear();
    return revoked;
  }
}

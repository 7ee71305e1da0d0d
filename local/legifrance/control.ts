import { z } from 'zod';
import type { Stats } from './counters.ts';
import { faultSchema, type Fault, type FaultInput } from './faults.ts';
import {
  addedDecisionsSchema,
  latencySchema,
  rateSchema,
  retryAfterSchema,
  tokenLifetimeSchema,
  type Latency,
} from './options.ts';
import type { Parts } from './parts.ts';

/** A command was refused; the message says why and what is allowed. */
export class ControlRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ControlRefused';
  }
}

/** The current settings and the size of the corpus. */
interface ControlState {
  readonly rate: number;
  readonly retryAfterSeconds: number | null;
  readonly latency: Latency;
  readonly tokenLifetimeSeconds: number;
  readonly faults: readonly Fault[];
  readonly codes: readonly { readonly id: string; readonly title: string; readonly lastUpdate: string }[];
  readonly articles: number;
  readonly decisions: number;
}

/**
 * Controls a running simulator. Every method takes effect at once. Invalid values throw
 * {@link ControlRefused}.
 */
export interface Control {
  readonly state: () => ControlState;
  readonly stats: () => Stats;
  /** How often a document has been consulted. */
  readonly consultsOf: (id: string) => number;
  /** Number of articles with a word in their text; case and accents are ignored. */
  readonly articlesMentioning: (word: string) => number;
  readonly resetStats: () => void;
  /**
   * @param rate requests in any sliding second. @param retryAfterSeconds for the `Retry-After` of a
   * 429; null: no header; undefined: unchanged.
   */
  readonly setRate: (rate: number, retryAfterSeconds?: number | null) => void;
  readonly setLatency: (latency: { readonly fixedMs?: number; readonly jitterMs?: number }) => void;
  /** For tokens issued from now on. */
  readonly setTokenLifetime: (seconds: number) => void;
  readonly fault: (fault: FaultInput) => void;
  readonly clearFaults: () => void;
  /** Returns how many tokens there were. */
  readonly revokeTokens: () => number;
  /**
   * Changes an article's text, moves its start and modification date, and moves `lastUpdate` of its
   * code.
   */
  readonly reviseArticle: (id: string, change?: { readonly texte?: string | undefined }) => void;
  /** Changes the text of an article or a decision. */
  readonly reviseDocument: (id: string) => void;
  /** Removes an article or a decision from every answer. */
  readonly removeDocument: (id: string) => void;
  /**
   * Adds decisions dated the day after the last one. Returns the first and the last id.
   */
  readonly addDecisions: (count: number) => { readonly first: string; readonly last: string };
}

/** Creates the control for a simulator's parts. */
export function createControl(parts: Parts): Control {
  const { codes, counters, decisions, faults, throttle, tokens } = parts;
  return {
    state: () => ({
      rate: throttle.rate,
      retryAfterSeconds: parts.retryAfterSeconds,
      latency: parts.latency,
      tokenLifetimeSeconds: tokens.lifetimeSeconds,
      faults: faults.waiting(),
      codes: codes.codes.map((code) => ({
        id: code.id,
        title: code.title,
        lastUpdate: codes.lastUpdate(code),
      })),
      articles: codes.articleCount,
      decisions: decisions.count,
    }),
    stats: () => counters.stats(),
    consultsOf: (id) => counters.consultsOf(id),
    articlesMentioning: (word) => codes.countMentioning(word),
    resetStats: () => counters.reset(),
    setRate: (rate, retryAfterSeconds) => {
      throttle.rate = checked(rateSchema, rate, 'rate');
      if (retryAfterSeconds !== undefined) {
        parts.retryAfterSeconds = checked(retryAfterSchema, retryAfterSeconds, 'retryAfterSeconds');
      }
    },
    setLatency: (latency) => {
      parts.latency = checked(latencySchema, latency, 'latency');
    },
    setTokenLifetime: (seconds) => {
      tokens.lifetimeSeconds = checked(tokenLifetimeSchema, seconds, 'seconds');
    },
    fault: (fault) => bounded(() => faults.add(checked(faultSchema, fault, 'fault'))),
    clearFaults: () => faults.clear(),
    revokeTokens: () => tokens.revokeAll(),
    reviseArticle: (id, change) => known(id, codes.revise(id, change?.texte)),
    reviseDocument: (id) => known(id, codes.revise(id, undefined) || decisions.revise(id)),
    removeDocument: (id) => known(id, codes.remove(id) || decisions.remove(id)),
    addDecisions: (count) => bounded(() => decisions.add(checked(addedDecisionsSchema, count, 'count'))),
  };
}

function checked<Schema extends z.ZodType>(schema: Schema, value: unknown, name: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ControlRefused(`${name} ${JSON.stringify(value)} is refused:\n${z.prettifyError(parsed.error)}`);
}

/** Throws {@link ControlRefused} if a part of the simulator is full. */
function bounded<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof RangeError) throw new ControlRefused(error.message);
    throw error;
  }
}

function known(id: string, found: boolean): void {
  if (!found) {
    throw new ControlRefused(
      `No document "${id}" in the simulator. Take an id from a table of contents or a search.`,
    );
  }
}

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

/** A command that cannot be carried out; the message says why and what would do. */
export class ControlRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ControlRefused';
  }
}

/** The settings in force and the size of the corpus. */
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

/** Steers a running simulator; every method takes effect at once. Bad values throw {@link ControlRefused}. */
export interface Control {
  readonly state: () => ControlState;
  readonly stats: () => Stats;
  /** How often a document has been handed out. */
  readonly consultsOf: (id: string) => number;
  /** How many articles have a word in their text, in any case and with or without accents. */
  readonly articlesMentioning: (word: string) => number;
  readonly resetStats: () => void;
  /** @param rate requests a sliding second. @param retryAfterSeconds what 429 announces; null: nothing; left out: as it is. */
  readonly setRate: (rate: number, retryAfterSeconds?: number | null) => void;
  readonly setLatency: (latency: { readonly fixedMs?: number; readonly jitterMs?: number }) => void;
  /** For tokens given out from now on. */
  readonly setTokenLifetime: (seconds: number) => void;
  readonly fault: (fault: FaultInput) => void;
  readonly clearFaults: () => void;
  /** Says how many tokens there were. */
  readonly revokeTokens: () => number;
  /** Gives an article another text, a later start and a later modification date, and its code a later `lastUpdate`. */
  readonly reviseArticle: (id: string, change?: { readonly texte?: string | undefined }) => void;
  /** Changes the text of an article or a decision. */
  readonly reviseDocument: (id: string) => void;
  /** Takes an article or a decision out of every answer. */
  readonly removeDocument: (id: string) => void;
  /** Adds decisions, dated the day after the last one, and says their ids: the first and the last. */
  readonly addDecisions: (count: number) => { readonly first: string; readonly last: string };
}

/** The control of a simulator's parts. */
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

/** Says "refused" where a part of the simulator is full. */
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

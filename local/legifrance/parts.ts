import { DecisionAnswers } from './answers/decision.ts';
import { TablesOfContents } from './answers/tableOfContents.ts';
import { createExecutionTimes, type ExecutionTimes } from './answers/timing.ts';
import { CodeCorpus } from './corpus/codes.ts';
import { DecisionCorpus } from './corpus/decisions.ts';
import { Counters } from './counters.ts';
import { Faults } from './faults.ts';
import type { Latency, Settings } from './options.ts';
import { CodeSearch } from './search/codes.ts';
import { DecisionSearch } from './search/decisions.ts';
import { Throttle } from './throttle.ts';
import { Tokens } from './tokens.ts';

/**
 * Dependencies of the routes. What may change while the simulator runs is in the classes, or not
 * `readonly`.
 */
export interface Parts {
  readonly settings: Settings;
  readonly codes: CodeCorpus;
  readonly decisions: DecisionCorpus;
  readonly tablesOfContents: TablesOfContents;
  readonly decisionAnswers: DecisionAnswers;
  readonly codeSearch: CodeSearch;
  readonly decisionSearch: DecisionSearch;
  readonly tokens: Tokens;
  readonly throttle: Throttle;
  readonly faults: Faults;
  readonly counters: Counters;
  readonly times: ExecutionTimes;
  /** Monotonic time of arrivals and tokens, in ms. */
  readonly now: () => number;
  latency: Latency;
  retryAfterSeconds: number | null;
}

/** Loads the corpus and creates all parts of a simulator except its server. */
export async function createParts(settings: Settings, now: () => number): Promise<Parts> {
  const codes = await CodeCorpus.load(settings);
  const decisions = new DecisionCorpus(settings);
  return {
    settings,
    codes,
    decisions,
    tablesOfContents: new TablesOfContents(codes),
    decisionAnswers: new DecisionAnswers(settings.seed),
    codeSearch: new CodeSearch(codes),
    decisionSearch: new DecisionSearch(decisions),
    tokens: new Tokens(settings.tokenLifetimeSeconds, now, settings.tokenPrefix),
    throttle: new Throttle(settings.rate),
    faults: new Faults(),
    counters: new Counters(),
    times: createExecutionTimes(),
    now,
    latency: settings.latency,
    retryAfterSeconds: settings.retryAfterSeconds,
  };
}

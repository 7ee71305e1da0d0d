import { LEDGER, type Finding, type LedgerEntry } from './ledger.ts';

/** The requests that arrived at the API in its busiest second, and how many it allows. */
export interface QuotaUse {
  readonly limit: number;
  readonly maxInAnySecond: number;
}

/** Everything that the verdict depends on. */
export interface Evidence {
  readonly ledger: Readonly<Record<LedgerEntry, Finding>>;
  readonly quota: QuotaUse;
  /** Documents that were stored. A run that has collected nothing proves nothing. */
  readonly stored: number;
}

/**
 * On a busy machine the simulator's process stalls, and requests that were sent in different seconds
 * arrive together: ADR 5 allows for 60 ms. A quota that is counted wrongly, or twice, lets up to
 * twice the limit through. So a higher tolerance hides less than a lower one reports for nothing.
 */
const QUOTA_TOLERANCE = 1.25;

export interface Verdict {
  readonly clean: boolean;
  /** One sentence for each thing that is wrong. */
  readonly problems: readonly string[];
}

/** Decides whether a run was clean: nothing lost, nothing doubled, nothing left behind. */
export function verdictOf({ ledger, quota, stored }: Evidence): Verdict {
  const entries = Object.entries(LEDGER) as [LedgerEntry, string][];
  const problems = entries.flatMap(([entry, meaning]) => {
    const { count, examples } = ledger[entry];
    return count === 0 ? [] : [`${entry}: ${count} ${meaning}: ${examples.join(', ')}`];
  });
  if (quota.maxInAnySecond > quota.limit * QUOTA_TOLERANCE)
    problems.push(`quota: ${quota.maxInAnySecond} requests in one second, ${quota.limit} are allowed`);
  if (stored === 0) problems.push('nothing was collected');
  return { clean: problems.length === 0, problems };
}

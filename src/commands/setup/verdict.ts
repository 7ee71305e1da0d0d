import { exitCodeOfFailing } from '../../cli/inspect/failing.ts';
import { EXIT, type ExitCode } from '../../cli/exit.ts';
import type { CollectionState } from '../../contract/names.ts';
import { problemsOf, type CollectionStatus } from '../massive/status.ts';

/** Whether all that is configured collects, or the first problem. */
export interface Verdict {
  readonly ok: boolean;
  /** For `status --check`. */
  readonly exitCode: ExitCode;
  /** One line for people. */
  readonly text: string;
}

/** States in which a collection does what it can. */
const WELL: ReadonlySet<CollectionState> = new Set(['collecting', 'waiting', 'quota']);

/**
 * Judges the configured collections. A collection that waits for its next pass or for the quota is
 * well; one that is paused, or whose activities fail, is not. Neither is one without a document
 * whose listing is rejected.
 */
export function verdictOf(collections: readonly CollectionStatus[]): Verdict {
  for (const status of collections) {
    const { collection, progress, failing } = status;
    const [problem] = problemsOf(status);
    if (problem !== undefined) return bad(problem.exitCode, `${collection}: ${problem.code}`);
    const [failure] = failing;
    if (failure !== undefined) {
      return bad(exitCodeOfFailing(failure), `${collection}: ${failure.code}`);
    }
    const state = progress.value?.state;
    if (state !== undefined && !WELL.has(state)) {
      return bad(EXIT.failed, `${collection}: ${progress.value?.holdUp?.code ?? state}`);
    }
    const [parked] = status.catalogue.value?.parkedSlices ?? [];
    if (parked !== undefined && isEmpty(status)) return bad(EXIT.failed, `${collection}: ${parked.code}`);
  }
  const parked = collections.reduce((sum, one) => sum + (one.catalogue.value?.parkedSliceCount ?? 0), 0);
  const but = parked === 0 ? '' : ` Parked until the next pass: ${parked} slices. Details are below.`;
  return { ok: true, exitCode: EXIT.ok, text: `OK: every configured collection runs.${but}` };
}

/** Nothing was ever listed. */
function isEmpty({ catalogue }: CollectionStatus): boolean {
  return Object.keys(catalogue.value?.documents ?? {}).length === 0;
}

/** What is not well must not end with 0, even if it passes by itself. */
function bad(exitCode: ExitCode, text: string): Verdict {
  return {
    ok: false,
    exitCode: exitCode === EXIT.ok ? EXIT.failed : exitCode,
    text: `Problem: ${text}. Details are below.`,
  };
}

import { setCurrentDetails } from '@temporalio/workflow';
import type { HoldUp, MassiveProgress } from '../../contract/collecting.ts';
import { createStateSetter } from '../attributes.ts';
import { totalsTable } from '../display.ts';

/** What holds up the lanes, for the Web UI. */
export function describeHoldUp({ code, message, since, nextTry }: HoldUp): string {
  return `Held up since ${since}, next try ${nextTry}: ${code}: ${message}`;
}

/**
 * Shows progress in the Web UI: live Markdown, and the state as a search attribute. The summary and
 * the details that a client gives at the start are lost when a run continues as new, so the text
 * also says what this is.
 */
export function createDisplay(): (progress: MassiveProgress, notes: readonly string[]) => void {
  const setState = createStateSetter();
  return (progress, notes) => {
    const { collection, state, pass, busy, controls, totals } = progress;
    const headline = `**${state}**, pass ${pass}, ${busy} of ${controls.lanes} lanes busy`;
    const what = `MASSIVE collection of ${collection}. Runs until it is stopped: \`legisync massive stop ${collection}\``;
    setCurrentDetails([headline, ...notes, totalsTable(totals), what].join('\n\n'));
    setState(state);
  };
}

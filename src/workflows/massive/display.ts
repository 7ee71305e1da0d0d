import { setCurrentDetails } from '@temporalio/workflow';
import type { MassiveProgress } from '../../contract/collecting.ts';
import { createStateSetter } from '../attributes.ts';
import { totalsTable } from '../display.ts';

/** Shows progress in the Web UI: live Markdown, and the state as a search attribute. */
export function createDisplay(): (progress: MassiveProgress, notes: readonly string[]) => void {
  const setState = createStateSetter();
  return (progress, notes) => {
    const { state, pass, busy, controls, totals } = progress;
    const headline = `**${state}**, pass ${pass}, ${busy} of ${controls.lanes} lanes busy`;
    setCurrentDetails([headline, ...notes, totalsTable(totals)].join('\n\n'));
    setState(state);
  };
}

import { setCurrentDetails } from '@temporalio/workflow';
import type { MassiveProgress } from '../../contract/collecting.ts';
import { setState } from '../attributes.ts';
import { totalsTable } from '../display.ts';
import { describeHoldUp } from './holdUp.ts';

/**
 * Shows progress in the Web UI: live Markdown, and the state as a search attribute. The summary and
 * the details that a client gives at the start are lost when a run continues as new, so the text
 * also says what this is.
 */
export function display(progress: MassiveProgress, signalNote: string): void {
  const { collection, state, pass, busy, controls, totals, pauseReason, holdUp } = progress;
  const headline = `**${state}**, pass ${pass}, ${busy} of ${controls.lanes} lanes busy`;
  const what =
    `MASSIVE collection of ${collection}. Runs until it is stopped: \`legisync massive stop ${collection}\`. ` +
    `Documents that are failed now: \`legisync massive status ${collection}\`.`;
  const notes = [
    ...(pauseReason === '' ? [] : [`Paused: ${pauseReason}`]),
    ...(holdUp === null ? [] : [describeHoldUp(holdUp)]),
    ...(signalNote === '' ? [] : [signalNote]),
  ];
  setCurrentDetails([headline, ...notes, totalsTable(totals), what].join('\n\n'));
  setState(state);
}

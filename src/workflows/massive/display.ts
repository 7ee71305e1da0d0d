import { setCurrentDetails } from '@temporalio/workflow';
import type { MassiveProgress } from '../../contract/collecting.ts';
import { setState } from '../attributes.ts';
import { MAX_DUE_COUNTED } from '../../contract/limits.ts';
import { markdownTable, totalRows } from '../display.ts';
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
  setCurrentDetails(
    [headline, ...notes, markdownTable([...paceRows(progress), ...totalRows(totals)]), what].join('\n\n'),
  );
  setState(state);
}

/** How fast the run is, and what the pass has left. */
function paceRows({
  rate,
  backlog,
  secondsLeft,
}: MassiveProgress): readonly (readonly [string, string | number])[] {
  if (backlog === null) return [];
  const { due, openSlices } = backlog;
  const isKnown = due < MAX_DUE_COUNTED && openSlices === 0;
  const minutes = Math.ceil((secondsLeft ?? 0) / 60);
  return [
    ...(rate === null ? [] : [['documents per second', rate.toFixed(1)] as const]),
    ['documents due', due < MAX_DUE_COUNTED ? due : `${due} or more`],
    ['slices still to list', openSlices],
    ...(secondsLeft === null ? [] : [['time left', `${isKnown ? '' : 'at least '}${minutes} min`] as const]),
  ];
}

import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { MassiveProgress, Totals } from '../contract/collecting.ts';
import type { CollectionState } from '../contract/names.ts';
import { STATE_ATTRIBUTE } from './attributes.ts';

/** Shows progress in the Web UI: live Markdown, and the state as a search attribute. */
export function createDisplay(): (progress: MassiveProgress, notes: readonly string[]) => void {
  let shown: CollectionState | undefined;
  return (progress, notes) => {
    const { state, pass, busy, controls, totals } = progress;
    const headline = `**${state}**, pass ${pass}, ${busy} of ${controls.lanes} lanes at work`;
    setCurrentDetails([headline, ...notes, totalsTable(totals)].join('\n\n'));
    // An attribute costs an event and a write to the visibility store: on changes only.
    if (state !== shown) upsertSearchAttributes([{ key: STATE_ATTRIBUTE, value: state }]);
    shown = state;
  };
}

/** Totals as a Markdown table. */
export function totalsTable(totals: Totals): string {
  const rows: readonly (readonly [string, string])[] = [
    ['new documents seen', String(totals.discovered)],
    ['uploaded', String(totals.uploaded)],
    ['unchanged', String(totals.unchanged)],
    ['queued', String(totals.queued)],
    ['queued again', String(totals.requeued)],
    ['failed (kept in the catalogue)', String(totals.failed)],
    ['received', `${(totals.bytes / 1_000_000).toFixed(1)} MB`],
    ['batches', String(totals.batches)],
  ];
  return [
    '| what | total |',
    '| --- | ---: |',
    ...rows.map(([what, total]) => `| ${what} | ${total} |`),
  ].join('\n');
}

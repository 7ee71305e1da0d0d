import type { Totals } from '../contract/collecting.ts';

/** A Markdown table of names and figures for the Web UI. */
export function markdownTable(rows: readonly (readonly [string, string | number])[]): string {
  return ['| figure | value |', '| --- | ---: |', ...rows.map(([name, n]) => `| ${name} | ${n} |`)].join(
    '\n',
  );
}

/** The totals of a collection as rows of a Markdown table. */
export function totalRows(totals: Totals): readonly (readonly [string, string | number])[] {
  return [
    ['new documents', totals.discovered],
    ['uploaded', totals.uploaded],
    ['unchanged', totals.unchanged],
    ['queued', totals.queued],
    ['queued again', totals.requeued],
    ['failed attempts', totals.failedAttempts],
    ['received from Légifrance', `${(totals.bytes / 1_000_000).toFixed(1)} MB`],
    ['batches', totals.batches],
  ];
}

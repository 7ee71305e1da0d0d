import type { EnqueueResult, Totals, UploadResult } from '../contract/messages.ts';

/** `totals` after one more batch. */
export function addBatch(totals: Totals, upload: UploadResult, enqueue: EnqueueResult): Totals {
  return {
    batches: totals.batches + 1,
    discovered: totals.discovered,
    uploaded: totals.uploaded + upload.uploaded.length,
    unchanged: totals.unchanged + upload.unchanged.length,
    queued: totals.queued + enqueue.queued,
    requeued: totals.requeued + enqueue.requeued,
    failed: totals.failed + upload.failures.length,
    bytes: totals.bytes + upload.bytes,
  };
}

/** Totals as a Markdown table, for the details that the Web UI shows. */
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

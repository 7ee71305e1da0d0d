import type { LiveSample } from '../../local/launcher/liveView.ts';
import type { Counts } from '../../local/stack/counts.ts';
import { watch } from '../../local/stack/watch.ts';

const BEFORE: Counts = { objects: 100, rows: 40, pending: 40, stored: 40, known: 500, failed: 0 };

/** Shows the samples of `counts`, until they end. */
async function watched(counts: readonly Counts[], wanted?: number): Promise<LiveSample[]> {
  const shown: LiveSample[] = [];
  const stop = new AbortController();
  const left = [...counts];
  await watch({
    counter: {
      counts: () => {
        const next = left.shift() ?? BEFORE;
        if (left.length === 0) stop.abort();
        return Promise.resolve(next);
      },
      gaps: () => Promise.resolve({ missing: 0, dangling: 0 }),
      close: () => Promise.resolve(),
    },
    before: BEFORE,
    startedAtMs: performance.now(),
    wanted,
    display: { show: (sample) => shown.push(sample), log: () => undefined, close: () => undefined },
    signal: stop.signal,
  });
  return shown;
}

describe('the numbers of the live view', () => {
  it('count collected documents, not the rows that a backfill adds', async () => {
    const [sample] = await watched([{ ...BEFORE, rows: 100, pending: 100 }]);
    expect(sample).toMatchObject({ newDocuments: 0, queueRows: 100 });
  });

  it('end when the wanted documents are collected', async () => {
    const collected = { ...BEFORE, rows: 45, stored: 45 };
    expect(await watched([collected, BEFORE, BEFORE], 5)).toHaveLength(1);
  });
});

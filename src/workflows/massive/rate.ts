import type { UploadResult } from '../../contract/collecting.ts';

/** The rate is measured over this many batches: few, so that it follows the services. */
const WINDOW = 12;

/** No batch takes this long while documents are collected. A longer gap was a wait. */
const GAP_MS = 5 * 60_000;

interface Mark {
  readonly ms: number;
  readonly documents: number;
}

/** Measures how many documents are collected per second, by the times at which batches ended. */
export class CollectingRate {
  #marks: readonly Mark[] = [];

  /** Call it after each batch. */
  ended({ endedAt = '', uploaded, unchanged }: UploadResult): void {
    const ms = Date.parse(endedAt);
    if (Number.isNaN(ms)) return;
    // Lanes end concurrently, and the clocks of workers differ: a mark may be older than the last.
    const marks = [...this.#marks, { ms, documents: uploaded.length + unchanged.length }]
      .sort((a, b) => a.ms - b.ms)
      .slice(-WINDOW);
    const gap = marks.findLastIndex((mark, index) => mark.ms - (marks[index - 1]?.ms ?? mark.ms) > GAP_MS);
    this.#marks = gap === -1 ? marks : marks.slice(gap);
  }

  /** Documents per second; null before the second batch. */
  perSecond(): number | null {
    const [first, ...later] = this.#marks;
    const last = later.at(-1);
    if (first === undefined || last === undefined || last.ms <= first.ms) return null;
    const documents = later.reduce((sum, mark) => sum + mark.documents, 0);
    return documents / ((last.ms - first.ms) / 1_000);
  }
}

import { z } from 'zod';
import { sum } from '../support/figures.ts';

/** One figure of a benchmark's report. */
export interface Metric {
  readonly name: string;
  readonly of: (report: unknown) => number;
  /** Default: less is better. */
  readonly moreIsBetter?: boolean;
}

/** A benchmark of both sides, and its metrics. */
export interface Bench {
  readonly name: 'backfill' | 'coherence' | 'collect';
  /** Makes the benchmark print its report as the last line. */
  readonly report: readonly string[];
  /** Enough for stable figures, in two or three minutes. */
  readonly args: readonly string[];
  readonly metrics: readonly Metric[];
}

const backfill = z.object({
  chunkSeconds: z.array(z.number()),
  verifySeconds: z.number(),
  sparse: z.object({ chunksSeconds: z.number(), verifySeconds: z.number() }),
});
const coherence = z.object({ cheapSeconds: z.number(), fullSeconds: z.number() });
const collect = z.object({
  documents: z.number(),
  seconds: z.number(),
  eventsPerThousand: z.number(),
  historyBytesPerThousand: z.number(),
});

const metric = <T>(
  schema: z.ZodType<T>,
  name: string,
  of: (report: T) => number,
  moreIsBetter = false,
): Metric => ({ name, of: (report) => of(schema.parse(report)), moreIsBetter });

export const BENCHES: Readonly<Record<Bench['name'], Bench>> = {
  backfill: {
    name: 'backfill',
    report: ['--json'],
    args: ['--runs', '1', '--rows', '1400000'],
    metrics: [
      metric(backfill, 'empty queue: chunks in sum, s', ({ chunkSeconds }) => sum(chunkSeconds)),
      metric(backfill, 'empty queue: verification, s', ({ verifySeconds }) => verifySeconds),
      metric(backfill, '1 in 1,000 missing: chunks in sum, s', ({ sparse }) => sparse.chunksSeconds),
      metric(backfill, '1 in 1,000 missing: verification, s', ({ sparse }) => sparse.verifySeconds),
    ],
  },
  coherence: {
    name: 'coherence',
    report: ['--json'],
    args: ['--runs', '5', '--rows', '1400000'],
    metrics: [
      metric(coherence, 'cheap comparison, s', ({ cheapSeconds }) => cheapSeconds),
      metric(coherence, 'full comparison, s', ({ fullSeconds }) => fullSeconds),
    ],
  },
  collect: {
    name: 'collect',
    report: [],
    // Far more than two cores can collect, so the quota is not measured.
    args: ['--rate', '300', '--documents', '10000'],
    metrics: [
      metric(collect, 'documents per second', ({ documents, seconds }) => documents / seconds, true),
      metric(collect, 'events per 1,000 documents', ({ eventsPerThousand }) => eventsPerThousand),
      metric(
        collect,
        'bytes of history per 1,000 documents',
        ({ historyBytesPerThousand }) => historyBytesPerThousand,
      ),
    ],
  },
};

/** @throws Error if there is no such benchmark */
export function benchNamed(name: string): Bench {
  const bench = Object.values(BENCHES).find((one) => one.name === name);
  if (bench === undefined)
    throw new Error(
      `There is no "${name}" to compare: it must be one of ${Object.keys(BENCHES).join(', ')}.`,
    );
  return bench;
}

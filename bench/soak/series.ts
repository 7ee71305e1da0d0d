import { round, slope } from '../support/figures.ts';

/** What a process used at a moment. */
export interface Sample {
  /** Seconds after the beginning of the run. */
  readonly atSeconds: number;
  readonly residentMb: number;
  readonly handles: number;
  readonly threads: number;
}

/** The samples of one process, from its start to its end. */
export interface Life {
  readonly pid: number;
  readonly samples: readonly Sample[];
}

/** How a figure moved during a life. */
export interface Course {
  readonly start: number;
  readonly end: number;
  readonly max: number;
  /** Growth in an hour, over the second half of the life: the first half is warm-up. */
  readonly perHour: number;
}

/** The longest life of a part, and how often it started. */
export interface PartCourse {
  readonly part: string;
  readonly lives: number;
  readonly seconds: number;
  readonly residentMb: Course;
  readonly handles: Course;
  readonly threads: Course;
}

const SECONDS_PER_HOUR = 3_600;

/** Summarises the lives of a part. Undefined if there is no sample. */
export function courseOf(part: string, lives: readonly Life[]): PartCourse | undefined {
  const longest = lives
    .toSorted((a, b) => secondsOf(b) - secondsOf(a))
    .find((life) => life.samples.length > 0);
  if (longest === undefined) return undefined;
  const course = (of: (sample: Sample) => number): Course => courseOfSamples(longest.samples, of);
  return {
    part,
    lives: lives.length,
    seconds: Math.round(secondsOf(longest)),
    residentMb: course((sample) => sample.residentMb),
    handles: course((sample) => sample.handles),
    threads: course((sample) => sample.threads),
  };
}

function secondsOf({ samples }: Life): number {
  return (samples.at(-1)?.atSeconds ?? 0) - (samples[0]?.atSeconds ?? 0);
}

function courseOfSamples(samples: readonly Sample[], of: (sample: Sample) => number): Course {
  const values = samples.map(of);
  const middle = ((samples[0]?.atSeconds ?? 0) + (samples.at(-1)?.atSeconds ?? 0)) / 2;
  const secondHalf = samples.filter(({ atSeconds }) => atSeconds >= middle);
  const points = secondHalf.map((sample) => ({ x: sample.atSeconds / SECONDS_PER_HOUR, y: of(sample) }));
  return {
    start: round(values[0] ?? 0, 1),
    end: round(values.at(-1) ?? 0, 1),
    max: round(Math.max(...values), 1),
    perHour: round(slope(points), 1),
  };
}

import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

export interface SoakOptions {
  readonly minutes: number;
  /** Decides the faults, and what is drawn besides. */
  readonly seed: number;
  readonly json: boolean;
  /** Folder for the logs of all parts, which are otherwise removed. */
  readonly logs: string | undefined;
}

/** In less time, no process is killed and restarted. In more, decisions would get dates in the future. */
const MINUTES = { min: 1, max: 1_440, default: '10' } as const;

/** A seed that a person can type. */
const SEEDS = 1_000_000;

/** Reads the command line. @throws TypeError or RangeError that says what is wrong */
export function parseSoakArgs(args: readonly string[]): SoakOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: MINUTES.default },
      seed: { type: 'string' },
      json: { type: 'boolean', default: false },
      logs: { type: 'string' },
    },
  });
  return {
    minutes: wholeNumber('--minutes', values.minutes, MINUTES.min, MINUTES.max),
    seed: values.seed === undefined ? randomInt(SEEDS) : wholeNumber('--seed', values.seed, 0, 0xffff_ffff),
    json: values.json,
    logs: values.logs,
  };
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new RangeError(`${name} ${text}: it must be a whole number from ${min} to ${max}`);
}

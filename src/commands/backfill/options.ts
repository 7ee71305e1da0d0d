import type { Config } from '../../config/config.ts';
import type { BackfillOptions, BackfillStart } from '../../contract/backfill.ts';
import { CHUNK, MAX_SIZES_CHUNK } from '../../contract/limits.ts';
import { CommandError, EXIT } from '../../cli/exit.ts';
import { shellWord } from '../../cli/text/shell.ts';
import { readWholeNumber } from '../../cli/wholeNumber.ts';

/** The options of `legisync backfill`, as typed. */
export interface BackfillFlags {
  readonly dryRun?: boolean | undefined;
  readonly allAtOnce?: boolean | undefined;
  readonly prefix?: string | undefined;
  readonly resume?: boolean | undefined;
  readonly restart?: boolean | undefined;
  readonly fillSizes?: boolean | undefined;
  readonly status?: string | undefined;
  readonly before?: string | undefined;
  readonly chunk?: string | undefined;
  readonly detach?: boolean | undefined;
  readonly yes?: boolean | undefined;
}

/** The settings that a backfill reads. */
export interface BackfillSettings extends Pick<Config, 'backfill'> {
  readonly coherence: Pick<Config['coherence'], 'graceSeconds'>;
}

/** What a run is to do. */
export interface BackfillRequest {
  readonly start: BackfillStart;
  readonly options: BackfillOptions;
  /** Objects of a chunk, within `CHUNK`. */
  readonly chunk: number;
}

/** The maximum length of a path in Storage. */
const MAX_PREFIX = 1_024;

const HELP = 'legisync backfill --help';

/**
 * Reads the options of a backfill.
 *
 * @throws CommandError `USAGE` for a value out of bounds, or options that contradict each other
 */
export function readBackfillFlags(
  flags: BackfillFlags,
  { backfill, coherence }: BackfillSettings,
): BackfillRequest {
  refuseContradictions(flags);
  const kind = flags.fillSizes === true ? 'sizes' : 'queue';
  const chunk = chunkOf(flags, backfill.chunk);
  const before = flags.before === undefined ? {} : { before: readTime(flags.before) };
  return {
    start: flags.resume === true ? 'resume' : flags.restart === true ? 'restart' : 'new',
    options: {
      kind,
      prefix: readPrefix(flags.prefix),
      finished: readStatus(flags.status) === 'processed',
      graceSeconds: coherence.graceSeconds,
      allAtOnce: flags.allAtOnce === true,
      ...before,
    },
    chunk: kind === 'sizes' ? Math.min(chunk, MAX_SIZES_CHUNK) : chunk,
  };
}

/** The command line to type again, with the options that decide what a run does. */
export function commandLineOf(flags: BackfillFlags): string {
  const words = Object.entries(flags).flatMap(([name, value]: [string, unknown]) => {
    if (value === true && name !== 'yes' && name !== 'json') return [`--${dashed(name)}`];
    return typeof value === 'string' ? [`--${dashed(name)}`, shellWord(value)] : [];
  });
  return ['legisync backfill', ...words].join(' ');
}

/** Pairs of options that cannot be combined, with the reason. */
const CONTRADICTIONS: readonly (readonly [keyof BackfillFlags, keyof BackfillFlags, string])[] = [
  ['resume', 'restart', 'one continues the unfinished run, the other abandons it'],
  ['resume', 'prefix', 'a resumed run keeps its own options'],
  ['resume', 'status', 'a resumed run keeps its own options'],
  ['resume', 'before', 'a resumed run keeps its own options'],
  ['resume', 'fillSizes', 'a resumed run keeps its own options'],
  ['resume', 'allAtOnce', 'a resumed run keeps its own options'],
  ['resume', 'dryRun', 'a dry run changes nothing, so there is nothing to resume'],
  ['fillSizes', 'status', 'filling sizes writes no rows'],
  ['fillSizes', 'before', 'filling sizes writes no rows'],
  ['fillSizes', 'allAtOnce', 'sizes are filled in small chunks, because Workers wait for each'],
  ['allAtOnce', 'chunk', 'all at once is one chunk'],
];

function refuseContradictions(flags: BackfillFlags): void {
  for (const [one, other, reason] of CONTRADICTIONS) {
    const given = (name: keyof BackfillFlags): boolean => flags[name] !== undefined && flags[name] !== false;
    if (given(one) && given(other)) {
      throw usage(`--${dashed(one)} and --${dashed(other)} cannot be combined: ${reason}.`);
    }
  }
  if (flags.before !== undefined && flags.status !== 'processed') {
    throw usage(
      '--before needs --status processed: it selects the files whose rows are written as processed; rows of ' +
        'files written later are pending.',
    );
  }
}

function chunkOf({ chunk, allAtOnce }: BackfillFlags, setting: number): number {
  if (allAtOnce === true) return CHUNK.default;
  if (chunk === undefined) return setting;
  return readWholeNumber(chunk, CHUNK, { name: '--chunk', next: HELP });
}

function readPrefix(prefix = ''): string {
  if (prefix.length <= MAX_PREFIX && !prefix.startsWith('/')) return prefix;
  throw usage(
    `--prefix must be the start of a path in the bucket, at most ${MAX_PREFIX} characters without a leading slash, such as legifrance/codes/; it is ${JSON.stringify(prefix.slice(0, 80))}.`,
  );
}

function readStatus(status = 'pending'): 'pending' | 'processed' {
  if (status === 'pending' || status === 'processed') return status;
  throw usage(`--status must be pending or processed; it is ${JSON.stringify(status)}.`);
}

/** @returns ISO 8601; a day without a time means midnight UTC */
function readTime(text: string): string {
  const [, day] = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/.exec(text) ?? [];
  const time = new Date(text);
  if (day !== undefined && isDay(day) && !Number.isNaN(time.getTime())) return time.toISOString();
  throw usage(
    `--before must be a day, or a time with a zone, such as 2026-11-01 or 2026-11-01T08:00:00Z; it is ${JSON.stringify(text)}.`,
  );
}

/** Whether the day exists: `Date` reads 30 February as 2 March. */
function isDay(text: string): boolean {
  const day = new Date(text);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function usage(message: string): CommandError {
  return new CommandError(EXIT.usage, 'USAGE', message, HELP);
}

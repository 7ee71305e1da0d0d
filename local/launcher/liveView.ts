import { longDuration } from './durations.ts';

/** The numbers in the live view, counted at one moment. */
export interface LiveSample {
  /** Documents stored since this start. */
  readonly newDocuments: number;
  /** The target for new documents (`--documents`), if there is one. */
  readonly wanted?: number | undefined;
  /** New documents per minute; undefined while unknown. */
  readonly ratePerMinute: number | undefined;
  /** Documents stored, including earlier starts. */
  readonly total: number;
  /** Documents in the catalogue, stored or not. */
  readonly known: number;
  /**
   * Time until the target is reached, or else all known documents are stored; undefined while
   * unknown.
   */
  readonly etaSeconds: number | undefined;
  /** Rows in `files_queue`. */
  readonly queueRows: number;
  /** Rows that wait for a Worker. */
  readonly pending: number;
  /** Failed documents; the catalogue has the reasons. */
  readonly failed: number;
  /** Seconds since this start. */
  readonly elapsedSeconds: number;
}

/** For terminals of unknown width: the narrowest usual width. */
const DEFAULT_COLUMNS = 80;

/** Width of the labels, including the space after them. */
const LABEL_WIDTH = 11;

const INDENT = 2;

const BAR_WIDTH = 24;

/** The same format on every machine, whatever its locale: `12,345`. */
const integer = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/**
 * The lines of the live view. Parts that do not fit the terminal's width go to a further line. The
 * last column stays empty: a character there makes some terminals start a new line. Below 20 columns,
 * lines are cut.
 */
export function renderLiveView(sample: LiveSample, columns = DEFAULT_COLUMNS): readonly string[] {
  const goal = sample.wanted === undefined ? '' : ` of ${count(sample.wanted)}`;
  const [done, of] =
    sample.wanted === undefined ? [sample.total, sample.known] : [sample.newDocuments, sample.wanted];
  const failed = sample.failed === 0 ? [] : [`${count(sample.failed)} failed`, 'will be retried'];
  const room = Math.max(1, columns - 1 - INDENT - LABEL_WIDTH);
  const lines = (label: string, ...parts: readonly string[]): string[] =>
    wrapped(parts, room).map((text, index) => line(index === 0 ? label : '', text));
  return [
    ...lines(
      'new',
      `${count(sample.newDocuments)}${goal} documents`,
      `in ${longDuration(sample.elapsedSeconds)}`,
    ),
    ...lines('rate', rate(sample), eta(sample)),
    ...lines('total', `${count(sample.total)} stored`, `${count(sample.known)} known`, ...failed),
    ...lines('queue', `${count(sample.queueRows)} rows`, `${count(sample.pending)} pending`),
    ...lines('', bar(done, of, room)),
  ].map((text) => text.slice(0, Math.max(0, columns - 1)));
}

/** The live view in one line, for a log. */
export function renderLiveLine(sample: LiveSample): string {
  const goal = sample.wanted === undefined ? '' : `/${count(sample.wanted)}`;
  const failed = sample.failed === 0 ? '' : `, ${count(sample.failed)} failed`;
  return (
    `${count(sample.newDocuments)}${goal} new documents, ${rate(sample)}, total ${count(sample.total)} of ` +
    `${count(sample.known)} known${failed}, ${eta(sample)}, queue ${count(sample.queueRows)} rows ` +
    `(${count(sample.pending)} pending)`
  );
}

function line(label: string, text: string): string {
  return `${' '.repeat(INDENT)}${label.padEnd(LABEL_WIDTH)}${text}`;
}

/** Joins the parts with ` · ` in lines of at most `room` characters. Longer parts are split. */
function wrapped(parts: readonly string[], room: number): string[] {
  const done: string[] = [];
  for (const part of parts) {
    const joined = done.length === 0 ? undefined : `${done.at(-1) ?? ''} · ${part}`;
    if (joined !== undefined && joined.length <= room) done.splice(-1, 1, joined);
    else for (let at = 0; at < part.length; at += room) done.push(part.slice(at, at + room));
  }
  return done;
}

function count(value: number): string {
  return integer.format(value);
}

function rate({ ratePerMinute }: LiveSample): string {
  return ratePerMinute === undefined ? '… per minute' : `${count(ratePerMinute)} per minute`;
}

function eta({ etaSeconds }: LiveSample): string {
  if (etaSeconds === undefined) return 'ETA unknown';
  return etaSeconds <= 0 ? 'done' : `ETA ${longDuration(etaSeconds)}`;
}

/** Full only at 100 %, and never longer: there may be more new documents than the target. */
function bar(done: number, of: number, room: number): string {
  const share = of <= 0 ? 0 : Math.min(1, Math.max(0, done / of));
  const percent = `${Math.floor(share * 100)} %`;
  const width = Math.max(0, Math.min(BAR_WIDTH, room - percent.length - 1));
  const filled = Math.floor(share * width);
  return `${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${percent}`;
}

import { spokenDuration } from './durations.ts';

/** What the live view shows, counted at one moment. */
export interface LiveSample {
  /** Documents stored since this start. */
  readonly newDocuments: number;
  /** How many new documents this start is to bring (`--documents`), if it was told. */
  readonly wanted?: number | undefined;
  /** New documents per minute; undefined while unknown. */
  readonly ratePerMinute: number | undefined;
  /** Documents stored, those of earlier starts included. */
  readonly total: number;
  /** Documents found so far, stored or not. */
  readonly known: number;
  /** Until the wanted, else the known ones are stored; undefined while unknown. */
  readonly etaSeconds: number | undefined;
  /** Rows in `files_queue`. */
  readonly queueRows: number;
  /** Those of them that wait for a Worker. */
  readonly pending: number;
  /** Documents that were given up on for now, with their reason in the catalogue. */
  readonly failed: number;
  /** Seconds since the collection began in this start. */
  readonly elapsedSeconds: number;
}

/** A terminal of no known width is taken for the narrowest one that is usual. */
const DEFAULT_COLUMNS = 80;

/** The width of the labels, with the space after them. */
const LABEL_WIDTH = 11;

const BAR_WIDTH = 24;

/** Plain figures: `12,345` reads the same on every machine, whatever its locale. */
const integer = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/**
 * The live view's lines, each cut to the terminal's width less one: a character in the last column would make some
 * terminals begin a new line.
 */
export function renderLiveView(sample: LiveSample, columns = DEFAULT_COLUMNS): readonly string[] {
  const goal = sample.wanted === undefined ? '' : ` of ${count(sample.wanted)} wanted`;
  const [done, of] =
    sample.wanted === undefined ? [sample.total, sample.known] : [sample.newDocuments, sample.wanted];
  const failed = sample.failed === 0 ? '' : ` · ${count(sample.failed)} failed, to be tried again`;
  return [
    line('new', `${count(sample.newDocuments)} documents${goal} in ${spokenDuration(sample.elapsedSeconds)}`),
    line('rate', `${rate(sample)} · ${eta(sample)}`),
    line('total', `${count(sample.total)} stored of ${count(sample.known)} known${failed}`),
    line('queue', `${count(sample.queueRows)} rows · ${count(sample.pending)} pending`),
    line('', bar(done, of)),
  ].map((text) => text.slice(0, Math.max(0, columns - 1)).trimEnd());
}

/** The same in one line, for a log. */
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
  return `  ${label.padEnd(LABEL_WIDTH)}${text}`;
}

function count(value: number): string {
  return integer.format(value);
}

function rate({ ratePerMinute }: LiveSample): string {
  return ratePerMinute === undefined ? '… per minute' : `${count(ratePerMinute)} per minute`;
}

function eta({ etaSeconds }: LiveSample): string {
  if (etaSeconds === undefined) return 'ETA unknown';
  return etaSeconds <= 0 ? 'done' : `ETA ${spokenDuration(etaSeconds)}`;
}

/** Never full before it is done, and never beyond its end: there may be more new documents than were wanted. */
function bar(done: number, of: number): string {
  const share = of <= 0 ? 0 : Math.min(1, Math.max(0, done / of));
  const filled = Math.floor(share * BAR_WIDTH);
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${Math.floor(share * 100)} %`;
}

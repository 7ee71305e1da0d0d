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

const BAR_WIDTH = 24;

/** The same format on every machine, whatever its locale: `12,345`. */
const integer = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/**
 * The lines of the live view, each cut to one column less than the terminal's width: a character in
 * the last column makes some terminals start a new line.
 */
export function renderLiveView(sample: LiveSample, columns = DEFAULT_COLUMNS): readonly string[] {
  const goal = sample.wanted === undefined ? '' : ` of ${count(sample.wanted)}`;
  const [done, of] =
    sample.wanted === undefined ? [sample.total, sample.known] : [sample.newDocuments, sample.wanted];
  const failed = sample.failed === 0 ? '' : ` · ${count(sample.failed)} failed, will be retried`;
  return [
    line('new', `${count(sample.newDocuments)}${goal} documents in ${longDuration(sample.elapsedSeconds)}`),
    line('rate', `${rate(sample)} · ${eta(sample)}`),
    line('total', `${count(sample.total)} stored of ${count(sample.known)} known${failed}`),
    line('queue', `${count(sample.queueRows)} rows · ${count(sample.pending)} pending`),
    line('', bar(done, of)),
  ].map((text) => text.slice(0, Math.max(0, columns - 1)).trimEnd());
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
  return etaSeconds <= 0 ? 'done' : `ETA ${longDuration(etaSeconds)}`;
}

/** Full only at 100 %, and never longer: there may be more new documents than the target. */
function bar(done: number, of: number): string {
  const share = of <= 0 ? 0 : Math.min(1, Math.max(0, done / of));
  const filled = Math.floor(share * BAR_WIDTH);
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${Math.floor(share * 100)} %`;
}

import { renderLiveLine, renderLiveView, type LiveSample } from './liveView.ts';

/** The stream of the live view: `process.stdout` or `process.stderr`. */
export interface LiveStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  write(text: string): unknown;
}

export interface LiveDisplay {
  /**
   * Shows a sample: at once and in place on a terminal, otherwise as a line every `lineEveryMs` at
   * most.
   */
  readonly show: (sample: LiveSample) => void;
  /** Writes a permanent line above the live view. */
  readonly log: (line: string) => void;
  /** Leaves the last view on the screen, with the cursor below it. */
  readonly close: () => void;
}

/** Often enough to show progress in a log, without filling it. */
const DEFAULT_LINE_EVERY_MS = 10_000;

const CLEAR_LINE_END = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/**
 * Creates the display.
 *
 * To avoid flicker, nothing is erased before it is overwritten. Each redraw is one write: it moves
 * up to the first line, overwrites each line, and clears only the rest of the line and the lines
 * below.
 */
export function createLiveDisplay(
  stream: LiveStream,
  {
    lineEveryMs = DEFAULT_LINE_EVERY_MS,
    now = () => performance.now(),
  }: { lineEveryMs?: number; now?: () => number } = {},
): LiveDisplay {
  return stream.isTTY === true ? terminalDisplay(stream) : lineDisplay(stream, lineEveryMs, now);
}

function terminalDisplay(stream: LiveStream): LiveDisplay {
  let drawn: readonly string[] = [];
  let drawnColumns: number | undefined;

  /**
   * Some terminals wrap long lines again when they are resized, others do not, so the height of the
   * old view is unknown then. A new view begins below it: lines above must not be overwritten.
   */
  const toTop = (): string => {
    const isResized = known(stream.columns) !== drawnColumns;
    return drawn.length === 0 || isResized ? '' : `\u001b[${drawn.length}A\r`;
  };
  const draw = (above: readonly string[], view: readonly string[]): void => {
    const lines = [...above, ...view].map((text) => `${text}${CLEAR_LINE_END}\n`).join('');
    stream.write(`${toTop()}${lines}${CLEAR_BELOW}`);
    drawn = view;
    drawnColumns = known(stream.columns);
  };

  return {
    show: (sample) => {
      // One line too many would scroll at each redraw, and the cursor would end up in the wrong
      // place.
      draw(
        [],
        renderLiveView(sample, known(stream.columns)).slice(
          0,
          Math.max(1, (known(stream.rows) ?? Infinity) - 1),
        ),
      );
    },
    log: (line) => {
      draw([line], drawn);
    },
    close: () => {
      drawn = [];
    },
  };
}

/** A terminal of unknown size reports 0, as in some containers. */
function known(size: number | undefined): number | undefined {
  return size === 0 ? undefined : size;
}

function lineDisplay(stream: LiveStream, everyMs: number, now: () => number): LiveDisplay {
  let lastAt = -Infinity;
  let unshown: LiveSample | undefined;

  const print = (sample: LiveSample): void => {
    lastAt = now();
    unshown = undefined;
    stream.write(`${renderLiveLine(sample)}\n`);
  };

  return {
    show: (sample) => {
      if (now() - lastAt >= everyMs) print(sample);
      else unshown = sample;
    },
    log: (line) => {
      stream.write(`${line}\n`);
    },
    close: () => {
      if (unshown !== undefined) print(unshown);
    },
  };
}

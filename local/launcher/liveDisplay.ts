import { renderLiveLine, renderLiveView, type LiveSample } from './liveView.ts';

/** Where the live view goes: `process.stdout` or `process.stderr`. */
export interface LiveStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  write(text: string): unknown;
}

export interface LiveDisplay {
  /** Shows a sample: on a terminal at once and in place, elsewhere as a line at most every `lineEveryMs`. */
  readonly show: (sample: LiveSample) => void;
  /** Writes a line that stays, above the live view. */
  readonly log: (line: string) => void;
  /** Leaves the last state on the screen, and the cursor below it. */
  readonly close: () => void;
}

/** A log should show that things move, not fill up. */
const DEFAULT_LINE_EVERY_MS = 10_000;

const CLEAR_LINE_END = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/**
 * Makes the display.
 *
 * Nothing flickers because nothing is erased before it is overwritten: each redraw is one write that goes up to the first
 * line, writes each line over the old one, and clears only what is left to its right and below.
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

  /** A terminal made narrower since has broken long lines into several rows, and the way up is that much longer. */
  const toTop = (): string => {
    const columns = known(stream.columns) ?? Infinity;
    const height = drawn.reduce((sum, text) => sum + Math.max(1, Math.ceil(text.length / columns)), 0);
    return height === 0 ? '' : `\u001b[${height}A\r`;
  };
  const draw = (above: readonly string[], view: readonly string[]): void => {
    const lines = [...above, ...view].map((text) => `${text}${CLEAR_LINE_END}\n`).join('');
    stream.write(`${toTop()}${lines}${CLEAR_BELOW}`);
    drawn = view;
  };

  return {
    show: (sample) => {
      // A line more than fits would scroll at each redraw, and the way up would end in the wrong place.
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

/** A terminal that was never told its size, as in some containers, says 0. */
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

import { createLiveDisplay } from '../../local/launcher/liveDisplay.ts';
import { renderLiveLine, renderLiveView, type LiveSample } from '../../local/launcher/liveView.ts';
import { createRateEstimator } from '../../local/launcher/rateEstimator.ts';

const SAMPLE: LiveSample = {
  newDocuments: 1_204,
  wanted: 2_000,
  ratePerMinute: 1_139.6,
  total: 13_204,
  known: 29_115,
  etaSeconds: 42,
  queueRows: 13_204,
  pending: 13_100,
  failed: 0,
  elapsedSeconds: 130,
};

describe('the live view', () => {
  it('shows the counts', () => {
    expect(renderLiveView(SAMPLE)).toEqual([
      '  new        1,204 of 2,000 documents · in 2 min 10 s',
      '  rate       1,140 per minute · ETA 42 s',
      '  total      13,204 stored · 29,115 known',
      '  queue      13,204 rows · 13,100 pending',
      '             ██████████████░░░░░░░░░░ 60 %',
    ]);
  });

  it('shows unknown rates, failed documents, and more documents than the target', () => {
    const lines = renderLiveView({
      ...SAMPLE,
      newDocuments: 2_100,
      ratePerMinute: undefined,
      etaSeconds: undefined,
      failed: 3,
    }).join('\n');
    expect(lines).toContain('… per minute · ETA unknown');
    expect(lines).toContain('3 failed · will be retried');
    expect(lines).toContain('█ 100 %');
  });

  it('loses no word at 40 columns: what does not fit goes to a further line', () => {
    expect(renderLiveView({ ...SAMPLE, failed: 22 }, 40)).toEqual([
      '  new        1,204 of 2,000 documents',
      '             in 2 min 10 s',
      '  rate       1,140 per minute',
      '             ETA 42 s',
      '  total      13,204 stored',
      '             29,115 known · 22 failed',
      '             will be retried',
      '  queue      13,204 rows',
      '             13,100 pending',
      '             ████████████░░░░░░░░░ 60 %',
    ]);
  });

  it.each([1, 20, 40, 200])('leaves the last of %p columns empty', (columns) => {
    for (const line of renderLiveView(SAMPLE, columns)) expect(line.length).toBeLessThan(columns);
  });

  it('has a form of one line, for a log', () => {
    expect(renderLiveLine(SAMPLE)).toBe(
      '1,204/2,000 new documents, 1,140 per minute, total 13,204 of 29,115 known, ETA 42 s, ' +
        'queue 13,204 rows (13,100 pending)',
    );
  });
});

const ESCAPE = '\u001b';
const TOKENS = new RegExp(`${ESCAPE}\\[\\d*[AJK]|[^]`, 'gu');

/**
 * A terminal with the codes that the display uses: up, carriage return, newline, clear right and
 * below.
 */
function screen(rows: number) {
  const lines = Array.from({ length: rows }, () => '');
  let [row, column] = [0, 0];
  return {
    lines: () => lines.filter((line) => line !== ''),
    write: (text: string) => {
      for (const [token] of text.matchAll(TOKENS)) {
        if (token === '\n') [row, column] = [row + 1, 0];
        else if (token === '\r') column = 0;
        else if (token === `${ESCAPE}[K`) lines[row] = (lines[row] ?? '').slice(0, column);
        else if (token === `${ESCAPE}[J`)
          lines.fill('', row + 1).splice(row, 1, (lines[row] ?? '').slice(0, column));
        else if (token.endsWith('A') && token.startsWith(ESCAPE)) row -= Number(token.slice(2, -1));
        else {
          const line = lines[row] ?? '';
          lines[row] = line.slice(0, column).padEnd(column) + token + line.slice(column + 1);
          column += 1;
        }
      }
    },
  };
}

describe('the display', () => {
  it('redraws in place on a terminal, in one write, with log lines above', () => {
    const terminal = screen(20);
    let writes = 0;
    const display = createLiveDisplay({
      isTTY: true,
      columns: 80,
      rows: 20,
      write: (text) => {
        writes += 1;
        terminal.write(text);
      },
    });
    display.show({ ...SAMPLE, newDocuments: 1 });
    display.log('worker: restarted');
    display.show(SAMPLE);

    expect(terminal.lines()).toEqual(['worker: restarted', ...renderLiveView(SAMPLE, 80)]);
    expect(writes).toBe(3);
  });

  it('shows everything on a terminal that reports a size of 0', () => {
    const terminal = screen(20);
    const display = createLiveDisplay({ isTTY: true, columns: 0, rows: 0, write: terminal.write });
    display.show(SAMPLE);
    display.show(SAMPLE);
    expect(terminal.lines()).toEqual(renderLiveView(SAMPLE));
  });

  it.each([40, 200])('overwrites no line above it when the terminal is resized to %p columns', (columns) => {
    const terminal = screen(40);
    const stream = { isTTY: true, columns: 80, rows: 40, write: terminal.write };
    const display = createLiveDisplay(stream);
    display.log('PostgreSQL is ready');
    display.show(SAMPLE);
    stream.columns = columns;
    display.show(SAMPLE);
    display.show(SAMPLE);
    const before = renderLiveView(SAMPLE, 80);
    expect(terminal.lines()).toEqual(['PostgreSQL is ready', ...before, ...renderLiveView(SAMPLE, columns)]);
  });

  it('clears the rest of a longer view under a shorter one', () => {
    const terminal = screen(20);
    const stream = { isTTY: true, columns: 80, rows: 20, write: terminal.write };
    const display = createLiveDisplay(stream);
    display.show(SAMPLE);
    stream.rows = 3;
    display.show(SAMPLE);
    expect(terminal.lines()).toEqual(renderLiveView(SAMPLE, 80).slice(0, 2));
  });

  it('keeps the last view when it is closed', () => {
    const terminal = screen(20);
    const display = createLiveDisplay({ isTTY: true, columns: 80, write: terminal.write });
    display.show(SAMPLE);
    display.close();
    display.log('stopped');
    expect(terminal.lines()).toEqual([...renderLiveView(SAMPLE, 80), 'stopped']);
  });

  it('writes a plain line every 10 s if there is no terminal, and the last counts at the end', () => {
    let text = '';
    let now = 0;
    const display = createLiveDisplay({ write: (more) => (text += more) }, { now: () => now });
    for (now = 0; now <= 25_000; now += 1_000) display.show({ ...SAMPLE, newDocuments: now });
    display.close();
    display.close();
    expect(text.split('\n').map((line) => line.split('/')[0])).toEqual([
      '0',
      '10,000',
      '20,000',
      '25,000',
      '',
    ]);
    expect(text).not.toContain('\u001b');
  });
});

describe('the rate', () => {
  it('covers the window only, not the whole time', () => {
    const rate = createRateEstimator(60_000);
    for (let second = 0; second <= 60; second += 1) rate.add(second * 1_000, second);
    for (let second = 61; second <= 180; second += 1) rate.add(second * 1_000, 60 + (second - 60) * 10);
    expect(rate.perMinute()).toBeCloseTo(600, 5);
    expect(rate.etaSeconds(300)).toBeCloseTo(30, 5);
  });

  it('falls to 0, without an ETA, if the counter stops', () => {
    const rate = createRateEstimator(10_000);
    rate.add(0, 0);
    for (let second = 1; second <= 30; second += 1) rate.add(second * 1_000, 50);
    expect(rate.perMinute()).toBe(0);
    expect(rate.etaSeconds(10)).toBeUndefined();
    expect(rate.etaSeconds(0)).toBe(0);
  });

  it('is unknown at the start and after a reset', () => {
    const rate = createRateEstimator();
    rate.add(0, 100);
    expect(rate.perMinute()).toBeUndefined();
    rate.add(10_000, 200);
    expect(rate.perMinute()).toBe(600);
    rate.add(11_000, 0);
    expect(rate.perMinute()).toBeUndefined();
  });

  it('does not depend on the number of samples', () => {
    const rate = createRateEstimator(10_000);
    for (let ms = 0; ms <= 100_000; ms += 1) rate.add(ms, ms / 100);
    expect(rate.perMinute()).toBeCloseTo(600, 0);
  });
});

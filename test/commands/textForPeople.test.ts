import { Writable } from 'node:stream';
import { WriteStream } from 'node:tty';
import { highlight } from '../../src/cli/text/style.ts';
import { localTime } from '../../src/cli/text/time.ts';

/** A stream that may be a terminal, in a process with `env`. */
function stream(isTTY: boolean, env: Record<string, string> = {}): WriteStream {
  const made = new Writable({ write: (_chunk, _encoding, done) => done() });
  const depth = (): number => WriteStream.prototype.getColorDepth({ TERM: 'xterm', ...env });
  return Object.assign(made, { isTTY, getColorDepth: depth }) as unknown as WriteStream;
}

const TEXT = 'Error NOT_RUNNING: It is not running.\nNext: legisync massive start codes';
const ESCAPE = '\u001b[';

describe('the labels of a text', () => {
  it('are coloured on a terminal, and nothing else is', () => {
    const shown = highlight(TEXT, stream(true));
    expect(shown).toContain(`${ESCAPE}1m${ESCAPE}31mError NOT_RUNNING:`);
    expect(shown).toContain(' It is not running.\n');
    expect(shown).toContain(' legisync massive start codes');
  });

  it.each(['Warning: x', 'Verdict: coherent', 'Verdict: desynchronised', '  Next: x', 'OK: x', 'Problem: x'])(
    'include %j',
    (text) => {
      expect(highlight(text, stream(true))).not.toBe(text);
    },
  );

  it('stay plain without a terminal, and with NO_COLOR', () => {
    expect(highlight(TEXT, stream(false))).toBe(TEXT);
    expect(highlight(TEXT, stream(true, { NO_COLOR: '1' }))).toBe(TEXT);
  });

  it('leave JSON as it is', () => {
    const json = JSON.stringify({ error: { message: 'Error X: y', next: 'Next: z' } });
    expect(highlight(json, stream(true))).toBe(json);
  });
});

describe('a time for people', () => {
  it('is in their zone, with its summer time', () => {
    expect(localTime('2026-11-27T11:05:09.123Z', 'Europe/Paris')).toBe('2026-11-27 12:05:09');
    expect(localTime('2026-07-27T11:05:09Z', 'Europe/Paris')).toBe('2026-07-27 13:05:09');
    expect(localTime('2026-11-27T23:30:00Z', 'UTC')).toBe('2026-11-27 23:30:00');
  });

  it('is nothing if there is none', () => {
    expect(localTime(null)).toBeNull();
  });
});

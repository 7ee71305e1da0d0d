import { commandLineOf, readBackfillFlags, type BackfillFlags } from '../../src/commands/backfill/options.ts';
import { CommandError, EXIT } from '../../src/cli/exit.ts';
import { SETTINGS } from './backfillRuns.ts';
import { CHUNK } from '../../src/contract/limits.ts';

const read = (flags: BackfillFlags) => readBackfillFlags(flags, SETTINGS);

/** Why the flags are refused. */
function refusal(flags: BackfillFlags): CommandError {
  try {
    read(flags);
  } catch (error) {
    if (error instanceof CommandError) return error;
    throw error;
  }
  throw new Error(`${JSON.stringify(flags)} was accepted.`);
}

describe('the options of a backfill', () => {
  it('default to a new run over every file, with pending rows', () => {
    expect(read({})).toEqual({
      start: 'new',
      options: { kind: 'queue', prefix: '', finished: false, graceSeconds: 900, allAtOnce: false },
      chunk: 50_000,
    });
  });

  it.each([
    [{ resume: true }, { start: 'resume' }],
    [{ restart: true }, { start: 'restart' }],
    [{ prefix: 'legifrance/codes/' }, { options: { prefix: 'legifrance/codes/' } }],
    [{ prefix: 'x'.repeat(1_024) }, { options: { prefix: 'x'.repeat(1_024) } }],
    [{ status: 'pending' }, { options: { finished: false } }],
    [{ status: 'processed' }, { options: { finished: true } }],
    [{ chunk: '1000' }, { chunk: CHUNK.min }],
    [{ chunk: '1000000' }, { chunk: CHUNK.max }],
    [
      { resume: true, chunk: '2000' },
      { start: 'resume', chunk: 2_000 },
    ],
    [{ allAtOnce: true }, { options: { allAtOnce: true }, chunk: 100_000 }],
  ])('%j mean %j', (flags, meant) => {
    expect(read(flags)).toMatchObject(meant);
  });

  it.each([
    [{ fillSizes: true }, 10_000],
    [{ fillSizes: true, chunk: '10001' }, 10_000],
    [{ fillSizes: true, chunk: '5000' }, 5_000],
  ])('%j fill in sizes in chunks of %i, because Workers wait for each', (flags, chunk) => {
    expect(read(flags)).toMatchObject({ options: { kind: 'sizes' }, chunk });
  });

  it.each([
    ['2026-11-01', '2026-11-01T00:00:00.000Z'],
    ['2026-11-01T08:00Z', '2026-11-01T08:00:00.000Z'],
    ['2026-11-01T08:00:30.5Z', '2026-11-01T08:00:30.500Z'],
    ['2026-11-01T00:30:00+02:00', '2026-10-31T22:30:00.000Z'],
    ['2028-02-29', '2028-02-29T00:00:00.000Z'],
  ])('--before %s is %s', (before, time) => {
    expect(read({ status: 'processed', before }).options.before).toBe(time);
  });

  it.each([
    'yesterday',
    '2026-11',
    '2026-11-01T08:00',
    '2026-11-01 08:00Z',
    '2026-02-30',
    '2026-13-01',
    '',
    '1',
  ])('--before %j is refused, with the accepted forms', (before) => {
    const { message } = refusal({ status: 'processed', before });
    expect(message).toContain(JSON.stringify(before));
    expect(message).toContain('2026-11-01T08:00:00Z');
  });

  it.each(['999', '1000001', '0', '-1000', '1e5', '1000.5', 'all', ''])(
    '--chunk %j is refused, with its bounds',
    (chunk) => {
      const { message } = refusal({ chunk });
      expect(message).toContain(JSON.stringify(chunk));
      expect(message).toContain('from 1000 to 1000000');
    },
  );

  it.each([
    [{ status: 'done' }, '"done"', 'pending or processed'],
    [{ status: '' }, '""', 'pending or processed'],
    [{ prefix: '/legifrance' }, '"/legifrance"', 'without a leading slash'],
    [{ prefix: 'x'.repeat(1_025) }, 'xxx', 'start of a path'],
  ])('%j is refused with the value and the rule', (flags, value, rule) => {
    const { message } = refusal(flags);
    expect(message).toContain(value);
    expect(message).toContain(rule);
    expect(message.length).toBeLessThan(300);
  });

  const contradictions: readonly (readonly [BackfillFlags, string, string])[] = [
    [{ resume: true, restart: true }, '--resume and --restart', 'abandons'],
    [{ resume: true, prefix: 'a/' }, '--resume and --prefix', 'its own options'],
    [{ resume: true, status: 'processed' }, '--resume and --status', 'its own options'],
    [{ resume: true, before: '2026-11-01' }, '--resume and --before', 'its own options'],
    [{ resume: true, fillSizes: true }, '--resume and --fill-sizes', 'its own options'],
    [{ resume: true, allAtOnce: true }, '--resume and --all-at-once', 'its own options'],
    [{ resume: true, dryRun: true }, '--resume and --dry-run', 'nothing to resume'],
    [{ fillSizes: true, status: 'pending' }, '--fill-sizes and --status', 'writes no rows'],
    [{ fillSizes: true, before: '2026-11-01' }, '--fill-sizes and --before', 'writes no rows'],
    [{ fillSizes: true, allAtOnce: true }, '--fill-sizes and --all-at-once', 'Workers'],
    [{ allAtOnce: true, chunk: '1000' }, '--all-at-once and --chunk', 'one chunk'],
    [{ before: '2026-11-01' }, '--before', 'needs --status processed'],
    [{ before: '2026-11-01', status: 'pending' }, '--before', 'needs --status processed'],
  ];
  it.each(contradictions)('%j contradict each other, and are refused', (flags, which, reason) => {
    const { exitCode, code, message, next } = refusal(flags);
    expect({ exitCode, code, next }).toEqual({
      exitCode: EXIT.usage,
      code: 'USAGE',
      next: 'legisync backfill --help',
    });
    expect(message).toContain(which);
    expect(message).toContain(reason);
  });

  it('do not contradict an option that is false', () => {
    expect(read({ resume: true, restart: false, dryRun: false })).toMatchObject({ start: 'resume' });
  });
});

describe('a command line to be typed again', () => {
  it.each([
    [{}, 'legisync backfill'],
    [{ resume: true, detach: true }, 'legisync backfill --resume --detach'],
    [{ fillSizes: true, yes: true, dryRun: false }, 'legisync backfill --fill-sizes'],
    [
      { status: 'processed', before: '2026-11-01T00:00:00+02:00' },
      'legisync backfill --status processed --before 2026-11-01T00:00:00+02:00',
    ],
    [{ prefix: "legifrance/l'été $x/" }, "legisync backfill --prefix 'legifrance/l'\\''été $x/'"],
    [{ prefix: '' }, "legisync backfill --prefix ''"],
  ])('of %j is %s: no option that decides what a run does is lost', (flags, line) => {
    expect(commandLineOf(flags)).toBe(line);
  });
});

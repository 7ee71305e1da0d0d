import { parseStartArgs } from '../../local/launcher/args.ts';

describe('the options of npm start', () => {
  it('have defaults', () => {
    expect(parseStartArgs([])).toEqual({
      kind: 'start',
      options: {
        reset: false,
        documents: undefined,
        exit: false,
        json: false,
        decisions: 2_000,
        rate: 20,
        latencyMs: 25,
        lanes: undefined,
        data: undefined,
        collections: undefined,
      },
    });
  });

  it('can all be set', () => {
    const line = '--reset --documents 2000 --exit --json --decisions 0 --rate 100 --latency 0 --lanes 8';
    expect(parseStartArgs(line.split(' '))).toEqual({
      kind: 'start',
      options: {
        reset: true,
        documents: 2_000,
        exit: true,
        json: true,
        decisions: 0,
        rate: 100,
        latencyMs: 0,
        lanes: 8,
        data: undefined,
        collections: undefined,
      },
    });
  });

  it.each([
    [['--rate', '0'], "option '--rate <N>' argument '0' is invalid. It must be an integer from 1 to 1000."],
    [['--rate=-1'], "argument '-1' is invalid"],
    [['--documents', '1e3'], "argument '1e3' is invalid. It must be an integer from 1 to"],
    [['--lanes', '17'], 'It must be an integer from 1 to 16.'],
    [['--latency', ''], "argument '' is invalid"],
    [['--documents'], "option '--documents <N>' argument missing"],
    [['--docs', '5'], "unknown option '--docs'"],
    [['2000'], "unexpected argument '2000'"],
    [['--exit'], "option '--exit' also needs '--documents <N>'"],
  ])('%j is refused with the rule and the next command', (argv, message) => {
    const parsed = parseStartArgs(argv);
    if (parsed.kind !== 'stop') throw new Error('the options were accepted');
    expect(parsed.exitCode).toBe(2);
    expect(parsed.text).toContain(message);
    expect(parsed.text).toContain('See npm start -- --help');
  });

  it('are explained by --help, with examples', () => {
    const parsed = parseStartArgs(['--help']);
    if (parsed.kind !== 'stop') throw new Error('the options were accepted');
    expect(parsed.exitCode).toBe(0);
    for (const option of [
      '--reset',
      '--documents',
      '--exit',
      '--json',
      '--decisions',
      '--rate',
      '--latency',
      '--lanes',
    ]) {
      expect(parsed.text).toContain(`  ${option}`);
    }
    expect(parsed.text).toContain('npm start -- --reset --documents 2000 --exit --json');
  });
});

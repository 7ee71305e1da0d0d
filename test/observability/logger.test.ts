import { createLogger } from '../../src/observability/logger.ts';
import { createScrub } from '../../src/observability/scrub.ts';
import { temporalLogger } from '../../src/observability/temporalLogger.ts';

const CANARY = 'canary-4711-of-the-configuration';

function capture(level = 'debug') {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const logger = createLogger({ level, scrub: createScrub([CANARY]), destination });
  return { logger, lines, parsed: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('the logger', () => {
  it('writes one line of JSON for each event, with the level as text and the time as ISO 8601', () => {
    const { logger, lines, parsed } = capture();
    logger.info({ documents: 3 }, 'batch stored');
    expect(lines).toHaveLength(1);
    expect(parsed()[0]).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
      documents: 3,
      msg: 'batch stored',
    });
  });

  it('prints no secret in a field, a message, a nested header, or the cause of an error', () => {
    const { logger, lines } = capture();
    logger.warn(
      { apikey: CANARY, request: { headers: { a: CANARY }, password: 'x-canary' } },
      `sent ${CANARY}`,
    );
    const cause = new Error(`POST https://u:x-canary@host/ with Bearer ${CANARY}`);
    logger.error({ err: new Error('outer', { cause }) }, 'failed');
    expect(lines.join('')).not.toContain('canary');
    expect(lines.join('')).toContain('[secret]');
  });

  it('prints no secret in a cause three levels down, in one line for an error of many lines', () => {
    const { logger, lines, parsed } = capture();
    const deep = [3, 2, 1].reduce(
      (cause, level) => new Error(`level ${level}\nsecond line`, { cause }),
      new Error(`POST\n${CANARY}\n${encodeURIComponent(CANARY)}`),
    );
    logger.error({ err: deep }, `failed:\n${CANARY}`);
    expect(lines.join('')).not.toContain(CANARY);
    expect(lines.join('')).toContain('[secret]');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd()).not.toContain('\n');
    expect(parsed()[0]).toMatchObject({ msg: 'failed:\n[secret]' });
  });

  it('omits events below its level', () => {
    const { logger, lines } = capture('warn');
    logger.info('nothing');
    expect(lines).toEqual([]);
  });
});

describe('the logger of Temporal’s SDK', () => {
  it('writes through our logger, with levels and attributes', () => {
    const { logger, parsed } = capture('trace');
    const temporal = temporalLogger(logger);
    temporal.trace('t');
    temporal.debug('d');
    temporal.info('i', { workflowId: 'w' });
    temporal.warn('w', { error: new Error('boom') });
    temporal.error('e');
    temporal.log('INFO', 'l');
    expect(parsed().map(({ level, msg }) => [level, msg])).toEqual([
      ['trace', 't'],
      ['debug', 'd'],
      ['info', 'i'],
      ['warn', 'w'],
      ['error', 'e'],
      ['info', 'l'],
    ]);
    expect(parsed()[2]).toMatchObject({ workflowId: 'w' });
    expect(parsed()[3]).toMatchObject({ err: { message: 'boom' } });
  });
});

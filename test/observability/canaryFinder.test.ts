import { createFinder } from '../support/canaries/finder.ts';
import type { Canary } from '../support/canaries/needles.ts';

const CANARY: Canary = { name: 'the key', value: 'canary7f3ac2d1"\\+/é%&=b94e07aa51fc' };
const { value } = CANARY;
const finder = createFinder([CANARY, { name: 'another', value: 'sb_secret_zyx987wvu654' }]);

const json = (text: string): string => JSON.stringify(text).slice(1, -1);
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const record = (fields: object): string => JSON.stringify({ level: 'info', ...fields });

/** A canary three levels down in a failure, as in a history. */
const nested = { message: 'a', cause: { message: 'b', cause: { cause: { message: `c ${value}` } } } };

/** Each form, as lines of a log. */
const LINES: Readonly<Record<string, readonly string[]>> = {
  plain: [`connect with ${value} failed`],
  'plain in JSON': [record({ msg: value })],
  'JSON in JSON': [record({ msg: record({ msg: value }) })],
  'JSON of ASCII': [json(value).replace('é', String.raw`\u00e9`)],
  'URL-encoded': [`GET /?key=${encodeURIComponent(value)}`],
  'URL-encoded with lower-case digits': [
    encodeURIComponent(value).replaceAll(/%../g, (c) => c.toLowerCase()),
  ],
  'a form': [new URLSearchParams({ key: value, other: 'é' }).toString()],
  base64: [`Basic ${base64(`id:${value}`)}`],
  'base64, one character later': [base64(`i:${value} and more`)],
  'base64, two characters later': [base64(`:${value}`)],
  'base64 for URLs': [Buffer.from(`id:${value}`).toString('base64url')],
  'base64 of JSON': [base64(record({ msg: value }))],
  'a cause three levels down': [record({ err: nested })],
  'two lines': [`refused: ${value.slice(0, 9)}`, value.slice(9)],
  'two lines, later': [`refused: ${value.slice(0, -5)}`, value.slice(-5)],
  'two lines with prefixes': [
    `12:00 UTC [7] ERROR:  no ${value.slice(0, 30)}`,
    `12:00 UTC [7] DETAIL:  ${value.slice(30)} refused`,
  ],
  'two records': [
    record({ msg: `no ${value.slice(0, 5)}`, pid: 1 }),
    record({ msg: value.slice(5), pid: 2 }),
  ],
  'a part': ['no 7f3ac2d1', 'x canary7f3ac2d1…'],
};

describe('the finder of canaries', () => {
  it.each(Object.entries(LINES))('finds one in a log: %s', (_form, lines) => {
    const leaks = finder.inLines('worker.log', ['first line', ...lines, record({ msg: 'last' })].join('\n'));
    expect(leaks).toContainEqual(expect.objectContaining({ canary: 'the key' }));
    for (const { canary, where } of leaks) {
      expect(canary).toBe('the key');
      expect(where).toMatch(/^worker\.log.*:\d+/);
    }
  });

  it('finds one wherever two lines divide it', () => {
    for (let at = 1; at < value.length; at += 1) {
      const text = `${record({ msg: `a ${value.slice(0, at)}` })}\n${record({ msg: `${value.slice(at)} b` })}`;
      expect({ at, leaks: finder.inLines('log', text) }).not.toMatchObject({ leaks: [] });
    }
  });

  it.each<[string, unknown, string]>([
    ['a row', [{ id: 1, message: `no ${value}` }], 'it.0.message'],
    ['a row, URL-encoded', [{ message: encodeURIComponent(value) }], 'it.0.message'],
    ['the text of a row', [{ row: JSON.stringify({ deep: { message: base64(value) } }) }], 'it.0.row'],
    ['a key', { [value]: 1 }, `it.${value}`],
    ['a payload', { events: [{ data: Buffer.from(JSON.stringify([value])) }] }, 'it.events.0.data'],
    ['a payload as base64', { data: base64(JSON.stringify({ a: base64(`:${value}:`) })) }, 'it.data'],
    ['a cause three levels down', { failure: nested }, 'it.failure.cause.cause.cause.message'],
    [
      'a cause in a payload',
      { data: Buffer.from(JSON.stringify(nested)) },
      'it.data.cause.cause.cause.message',
    ],
  ])('finds one in a table or a history: %s', (_what, content, where) => {
    const leaks = finder.inValue('it', content);
    expect(leaks.map((leak) => leak.canary)).toContain('the key');
    expect(leaks.map((leak) => leak.where)).toContain(where);
  });

  it('finds one in a binary file', () => {
    const bytes = Buffer.concat([Buffer.from([0, 255, 128]), Buffer.from(value), Buffer.from([254])]);
    expect(finder.inBytes('file', bytes)).toEqual([{ canary: 'the key', form: 'plain', where: 'file' }]);
  });

  it('names the form and the canary', () => {
    const forms = (text: string) => finder.inValue('it', text).map(({ canary, form }) => [canary, form]);
    expect(forms(`<${value}>`)).toEqual([['the key', 'plain']]);
    expect(forms(`<${encodeURIComponent(value)}>`)).toEqual([['the key', 'URL-encoded']]);
    expect(forms(`<${json(value)}>`)).toEqual([['the key', 'JSON-escaped']]);
    expect(forms(`<${base64(value)}>`)).toEqual([['the key', 'base64']]);
    expect(forms('<sb_secret_zyx987wvu654>')).toEqual([['another', 'plain']]);
  });

  it('finds nothing in a text without canaries', () => {
    const lines = [
      'canary',
      'a [secret] b',
      record({ err: { cause: { cause: {} } } }),
      'sb_secret_',
      '',
      '"',
    ];
    expect(finder.inLines('log', lines.join('\n'))).toEqual([]);
    expect(finder.inValue('it', { lines, data: Buffer.from(lines.join()), none: null, n: 1 })).toEqual([]);
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WORKER_FLAGS } from '../../local/stack/parts.ts';
import { EXIT } from '../../src/cli/exit.ts';
import type { Concerns, DocumentRetry, Retry } from '../../src/contract/failureRule.ts';
import { FAILURES } from '../../src/contract/failures.ts';

const PAGE = readFileSync(join(__dirname, '../../docs/operations.md'), 'utf8');
const [, FAILURES_SECTION = ''] = PAGE.split('\n## Failures\n');

/**
 * The rows of the table under a heading of the section "Failures", cell by cell, without its head.
 */
function documented(heading: string): string[][] {
  const [, section = ''] = FAILURES_SECTION.split(`\n### ${heading}\n`);
  const [table = ''] = /^\| code[^]*?\n(?=\n)/m.exec(section) ?? [];
  return table
    .trim()
    .split('\n')
    .slice(2)
    .map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

const SERVICES = {
  legifrance: 'Légifrance',
  storage: 'Storage',
  database: 'database',
  supabase: 'Supabase',
} as const;

function whom({ document, slice, service, operator }: Concerns): string {
  return [
    document === undefined ? '' : 'document',
    slice === undefined ? '' : 'slice',
    service === undefined ? '' : SERVICES[service],
    operator === undefined ? '' : 'operator',
  ]
    .filter((one) => one !== '')
    .join(', ');
}

function whenAgain(retry: Retry): string {
  switch (retry.kind) {
    case 'backoff':
      return 'backoff';
    case 'every':
      return `every ${retry.ms / 60_000} minutes`;
    case 'never':
      return 'no';
  }
}

function duration(seconds: number): string {
  if (seconds === 86_400) return '1 day';
  if (seconds === 3_600) return '1 hour';
  const minutes = seconds / 60;
  return `${minutes} minute${minutes === 1 ? '' : 's'}`;
}

function after({ retrySeconds, maxSeconds }: DocumentRetry): string[] {
  const longest = maxSeconds === 86_400 ? 'day' : 'week';
  const then =
    retrySeconds === maxSeconds ? `once a ${longest}` : `twice as long each time, up to a ${longest}`;
  return [duration(retrySeconds), then];
}

describe('The section "Failures" of docs/operations.md', () => {
  it('lists every code, in the order of the taxonomy, with its rule and its remedy', () => {
    const expected = Object.entries(FAILURES).map(([code, { concerns, retry, exit, remedy }]) => [
      `\`${code}\``,
      whom(concerns),
      whenAgain(retry),
      String(EXIT[exit]),
      remedy,
    ]);
    expect(documented('Codes')).toEqual(expected);
  });

  it('lists when a document is tried again, for every code that a document can have', () => {
    const expected = Object.entries(FAILURES).flatMap(
      ([
        code,
        {
          concerns: { document },
        },
      ]) => (document === undefined ? [] : [[`\`${code}\``, ...after(document)]]),
    );
    expect(documented('When is a document tried again?')).toEqual(expected);
  });
});

it('the worker has the same memory flags wherever it is started', () => {
  const commands = [PAGE, readFileSync(join(__dirname, '../../package.json'), 'utf8')].flatMap((text) =>
    [...text.matchAll(/node (.*)bin\/worker\.js/g)].map(([, flags = '']) => flags.trim()),
  );
  expect(commands.length).toBeGreaterThanOrEqual(2);
  expect([...new Set(commands)]).toEqual([WORKER_FLAGS.join(' ')]);
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FAILURES, type Retry } from '../../src/contract/failures.ts';

const PAGE = readFileSync(join(__dirname, '../../docs/operations.md'), 'utf8');

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

/** The rows of the table under the heading "Failures", cell by cell, without its head. */
function documented(): string[][] {
  const [, section = ''] = PAGE.split('\n## Failures\n');
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

describe('The failure table of docs/operations.md', () => {
  it('has every code of the taxonomy, in its order, with its retry and its remedy', () => {
    const expected = Object.entries(FAILURES).map(([code, { retry, remedy }]) => [
      `\`${code}\``,
      whenAgain(retry),
      remedy,
    ]);
    expect(documented()).toEqual(expected);
  });
});

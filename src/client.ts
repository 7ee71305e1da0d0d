#!/usr/bin/env node
// `bin/legisync.js` starts it. It stays executable by itself because npx caches the path of a
// checkout's program: where npx ran before that file existed, it still starts this one.
import { createInterface } from 'node:readline/promises';
import { screenOf } from './cli/text/screen.ts';
import { highlight } from './cli/text/style.ts';
import { legisync } from './commands/program.ts';

// Only the exit code is set, and the process ends by itself: process.exit would truncate output to
// a pipe.
process.exitCode = await legisync(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  out: (text) => process.stdout.write(`${highlight(text, process.stdout)}\n`),
  err: (text) => process.stderr.write(`${highlight(text, process.stderr)}\n`),
  redraw: process.stdout.isTTY ? redraw : undefined,
  ask: process.stdin.isTTY && process.stderr.isTTY ? ask : undefined,
  secrets: [],
});

function redraw(lines: readonly string[]): void {
  process.stdout.write(screenOf(lines, process.stdout, (line) => highlight(line, process.stdout)));
}

async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Interrupted } from './throwAway.ts';

/** The folder that the commands work on. */
export const FOLDER = join(import.meta.dirname, '../../supabase');

/** As in docs/database.md. 130 is 128 + SIGINT, as in shells. */
export const EXIT = { done: 0, byHand: 1, failed: 2, interrupted: 130 } as const;

type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Runs a command. Prints one line, not a stack trace, if it fails. */
export async function runCommand(command: () => Promise<ExitCode>): Promise<void> {
  try {
    process.exitCode = await command();
  } catch (error) {
    process.exitCode = error instanceof Interrupted ? EXIT.interrupted : EXIT.failed;
    print(error instanceof Interrupted ? 'Interrupted.' : `Failed: ${messageOf(error)}`, process.stderr);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Writes a line. */
export function print(line: string, stream: NodeJS.WritableStream = process.stdout): void {
  stream.write(`${line}\n`);
}

/** Writes schema.sql if its text has changed, and prints whether it has. */
export async function writeSchema(text: string): Promise<void> {
  const path = join(FOLDER, 'schema.sql');
  const before = await readFile(path, 'utf8').catch(() => '');
  if (before !== text) await writeFile(path, text);
  print(before === text ? 'supabase/schema.sql is up to date.' : 'supabase/schema.sql is rewritten.');
}

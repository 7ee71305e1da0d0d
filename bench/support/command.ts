import { execFile } from 'node:child_process';
import { join } from 'node:path';

const PROGRAM = join(import.meta.dirname, '..', '..', 'bin', 'legisync.js');

/**
 * A backfill of 1.4 million files takes half a minute; on an overloaded machine, many times that.
 */
const TIMEOUT_MS = 1_800_000;

/** How a command of legisync ended. */
export interface CommandEnd {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs `legisync …` in its own process.
 *
 * @returns the result, even if the command failed (see its exit code)
 * @throws Error if it was killed, by `signal` or because it took longer than half an hour
 */
export function runLegisync(
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly signal: AbortSignal },
): Promise<CommandEnd> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [PROGRAM, ...args],
      { ...options, timeout: TIMEOUT_MS },
      (error, stdout, stderr) => {
        if (child.exitCode !== null) resolve({ exitCode: child.exitCode, stdout, stderr });
        else
          reject(error ?? new Error(`legisync ${args.join(' ')} was killed (${String(child.signalCode)})`));
      },
    );
  });
}

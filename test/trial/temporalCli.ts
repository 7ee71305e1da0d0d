import { execFile } from 'node:child_process';
import { serverSetting } from '../support/servers.ts';

/** How a command of the Temporal CLI ended. */
export interface CliEnd {
  readonly code: number;
  /** Standard output, followed by standard error. */
  readonly text: string;
}

/** Runs a command of the Temporal CLI, such as `workflow cancel`, on the run's server. */
export function temporal(...args: readonly string[]): Promise<CliEnd> {
  return new Promise((resolve) => {
    const child = execFile(
      serverSetting('temporalCli'),
      [...args, '--address', serverSetting('temporal'), '--command-timeout', '30s'],
      (error, stdout, stderr) => {
        const code = typeof error?.code === 'number' ? error.code : error === null ? 0 : 1;
        resolve({ code, text: `${stdout}${stderr}` });
      },
    );
    // There is nobody to answer a question.
    child.stdin?.end();
  });
}

import type { Session } from '../run.ts';
import { shellWord } from '../text/shell.ts';

/** The address and namespace that the Temporal CLI uses by itself. */
const CLI_DEFAULTS = { addresses: ['localhost:7233', '127.0.0.1:7233'], namespace: 'default' };

/**
 * A command of the Temporal CLI for the session's server, to paste into a shell.
 *
 * @param options after the command, such as `['--workflow-id', id]`
 */
export function temporalCommand(
  { address, namespace }: Pick<Session['temporal'], 'address' | 'namespace'>,
  command: `workflow ${string}` | `schedule ${string}`,
  options: readonly string[],
): string {
  return [
    `temporal ${command}`,
    ...options.map(shellWord),
    ...(CLI_DEFAULTS.addresses.includes(address) ? [] : [`--address ${shellWord(address)}`]),
    ...(namespace === CLI_DEFAULTS.namespace ? [] : [`--namespace ${shellWord(namespace)}`]),
  ].join(' ');
}

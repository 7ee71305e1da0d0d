import type { Session } from '../run.ts';
import { shellWord } from '../text/shell.ts';

/** The address and namespace that the Temporal CLI uses by itself. */
const CLI_DEFAULTS = { addresses: ['localhost:7233', '127.0.0.1:7233'], namespace: 'default' };

/** `temporal workflow <args>` for a workflow of the session's server, to paste into a shell. */
export function temporalCommand(
  { address, namespace }: Session['temporal'],
  workflowId: string,
  verb: string,
  ...args: readonly string[]
): string {
  return [
    `temporal workflow ${verb} --workflow-id ${shellWord(workflowId)}`,
    ...args,
    ...(CLI_DEFAULTS.addresses.includes(address) ? [] : [`--address ${shellWord(address)}`]),
    ...(namespace === CLI_DEFAULTS.namespace ? [] : [`--namespace ${shellWord(namespace)}`]),
  ].join(' ');
}

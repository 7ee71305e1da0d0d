import {
  ApplicationFailure,
  log,
  setDefaultSignalHandler,
  setDefaultUpdateHandler,
} from '@temporalio/workflow';

/**
 * Explains a message without effect. The sender of a Signal is told that it succeeded, so the
 * details of the workflow say that it did nothing. An unknown Update fails with the known ones.
 *
 * Call it after all handlers are registered: Updates that arrived before the run would reach these.
 *
 * @param updates the names of the Updates that this workflow takes
 * @param onSignal gets the sentence for the details of the workflow
 */
export function explainUnknownMessages(updates: readonly string[], onSignal: (note: string) => void): void {
  const taken = `this workflow takes ${updates.length === 0 ? 'no Updates' : `the Updates ${updates.join(', ')}`}.`;
  setDefaultSignalHandler((name) => {
    log.warn('a Signal was ignored', { signal: name, updates });
    onSignal(`The Signal ${shown(name)} had no effect: ${taken}`);
  });
  setDefaultUpdateHandler((name) => {
    throw ApplicationFailure.nonRetryable(`There is no Update ${shown(name)}: ${taken}`, 'CONFIG_INVALID');
  });
}

/** Characters of a name that are shown. */
const MAX_NAME = 100;

function shown(name: string): string {
  return JSON.stringify(name.slice(0, MAX_NAME));
}

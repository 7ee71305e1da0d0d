import { log, setDefaultSignalHandler } from '@temporalio/workflow';

/**
 * Explains that a Signal has no effect: its sender is told that it succeeded. Operators send
 * Updates, which are answered.
 *
 * @param updates the names of the Updates that this workflow takes
 * @param onSignal gets the sentence for the details of the workflow
 */
export function explainSignals(updates: readonly string[], onSignal: (note: string) => void): void {
  setDefaultSignalHandler((name) => {
    log.warn('a Signal was ignored', { signal: name, updates });
    const taken = updates.length === 0 ? 'no Updates' : `the Updates ${updates.join(', ')}`;
    onSignal(
      `The Signal ${JSON.stringify(name.slice(0, MAX_NAME))} had no effect: this workflow takes ${taken}.`,
    );
  });
}

/** Characters of a Signal's name that are shown. */
const MAX_NAME = 100;

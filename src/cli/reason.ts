import { MAX_REASON_CHARACTERS } from '../contract/limits.ts';
import { CommandError, EXIT } from './exit.ts';

/** Checks the reason of a pause, as the workflow does. @throws CommandError `USAGE` if it is too long */
export function checkReason(reason: string | undefined): void {
  if (reason === undefined || reason.length <= MAX_REASON_CHARACTERS) return;
  throw new CommandError(
    EXIT.usage,
    'USAGE',
    `--reason is a text of at most ${MAX_REASON_CHARACTERS} characters; it has ${reason.length}.`,
    'the same command with a shorter --reason',
  );
}

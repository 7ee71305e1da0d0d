import { CommandError, EXIT } from './exit.ts';
import type { Io } from './run.ts';

/**
 * Asks for a confirmation of something that the next command cannot undo. Without a terminal,
 * `--yes` is required. Ctrl-C and Ctrl-D mean no.
 *
 * @param command the command to type, without `--yes`
 * @throws CommandError `CONFIRMATION_NEEDED` or `DECLINED`
 */
export async function confirm(
  io: Pick<Io, 'ask'>,
  question: string,
  { yes, command }: { readonly yes: boolean | undefined; readonly command: string },
): Promise<void> {
  if (yes === true) return;
  if (io.ask === undefined) {
    throw new CommandError(
      EXIT.usage,
      'CONFIRMATION_NEEDED',
      `This command needs a confirmation, but there is no terminal. The question is: ${question}`,
      `${command} --yes`,
    );
  }
  const answer = await io.ask(`${question} [y/N] `).catch(emptyIfAborted);
  if (!/^(y|yes|o|oui)$/i.test(answer.trim())) {
    throw new CommandError(EXIT.failed, 'DECLINED', 'Nothing was done.', command);
  }
}

/** '' for Ctrl-C and Ctrl-D: Node's readline rejects with an AbortError. */
function emptyIfAborted(error: unknown): string {
  if (error instanceof Error && error.name === 'AbortError') return '';
  throw error;
}

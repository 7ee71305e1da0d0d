import { CommandError, EXIT } from './exit.ts';
import type { Io, Outcome } from './run.ts';

/**
 * Asks for a confirmation of something that the next command cannot undo. Without a terminal,
 * `--yes` is required. Ctrl-C and Ctrl-D mean no, which is not an error.
 *
 * @param command the command to type, without `--yes`
 * @returns whether to go ahead
 * @throws CommandError `CONFIRMATION_NEEDED`
 */
export async function confirm(
  io: Pick<Io, 'ask'>,
  question: string,
  { yes, command }: { readonly yes: boolean | undefined; readonly command: string },
): Promise<boolean> {
  if (yes === true) return true;
  if (io.ask === undefined) {
    throw new CommandError(
      EXIT.usage,
      'CONFIRMATION_NEEDED',
      `This command needs a confirmation, but there is no terminal. The question is: ${question}`,
      `${command} --yes`,
    );
  }
  const answer = await io.ask(`${question} [y/N] `).catch(emptyIfAborted);
  return /^(y|yes|o|oui)$/i.test(answer.trim());
}

/** The outcome of a command whose question was answered with no. */
export const DECLINED: Outcome = { data: { declined: true }, lines: ['Declined. Nothing was changed.'] };

/** '' for Ctrl-C and Ctrl-D: Node's readline rejects with an AbortError. */
function emptyIfAborted(error: unknown): string {
  if (error instanceof Error && error.name === 'AbortError') return '';
  throw error;
}

import { CommandError, EXIT } from './exit.ts';
import type { Io } from './run.ts';

/**
 * Asks before something that is not undone by the next command. Without a terminal nobody can be asked: then `--yes`
 * must say so.
 *
 * Ctrl-C and Ctrl-D are a no.
 *
 * @param command what to type, without `--yes`
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
      `This needs a yes, and there is no terminal to ask at. The question is: ${question}`,
      `${command} --yes`,
    );
  }
  const answer = await io.ask(`${question} [y/N] `).catch(orNothing);
  if (!/^(y|yes|o|oui)$/i.test(answer.trim())) {
    throw new CommandError(EXIT.failed, 'DECLINED', 'Nothing was done.', command);
  }
}

/** How Node's readline says that the question was left with Ctrl-C or Ctrl-D. */
function orNothing(error: unknown): string {
  if (error instanceof Error && error.name === 'AbortError') return '';
  throw error;
}

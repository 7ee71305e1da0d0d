import { confirm } from '../../src/cli/confirm.ts';
import { EXIT } from '../../src/cli/exit.ts';

const QUESTION = 'Queue 3 files?';
const command = 'legisync backfill --status processed';

/** A terminal whose user types `answer`. */
function terminal(answer: string) {
  const asked: string[] = [];
  const ask = (question: string): Promise<string> => {
    asked.push(question);
    return Promise.resolve(answer);
  };
  return { ask, asked };
}

describe('a confirmation', () => {
  it.each(['y', 'Y', 'yes', 'YES', ' yes ', 'o', 'Oui'])('is given by %j', async (answer) => {
    const { ask, asked } = terminal(answer);
    expect(await confirm({ ask }, QUESTION, { yes: undefined, command })).toBe(true);
    expect(asked).toEqual(['Queue 3 files? [y/N] ']);
  });

  it.each(['', 'n', 'no', 'non', 'yess', 'oops', 'y n'])('is not given by %j', async (answer) => {
    const { ask } = terminal(answer);
    expect(await confirm({ ask }, QUESTION, { yes: false, command })).toBe(false);
  });

  it('is not given by Ctrl-C or Ctrl-D, which are not errors', async () => {
    const ask = () => Promise.reject(Object.assign(new Error('Aborted with Ctrl+C'), { name: 'AbortError' }));
    expect(await confirm({ ask }, QUESTION, { yes: undefined, command })).toBe(false);
  });

  it('passes on the error of a terminal that failed', async () => {
    const ask = () => Promise.reject(new Error('EIO'));
    await expect(confirm({ ask }, QUESTION, { yes: undefined, command })).rejects.toThrow('EIO');
  });

  it('is not requested with --yes', async () => {
    const { ask, asked } = terminal('n');
    expect(await confirm({ ask }, QUESTION, { yes: true, command })).toBe(true);
    expect(asked).toEqual([]);
  });

  it('needs --yes without a terminal, and prints the question and the command to type', async () => {
    await expect(confirm({ ask: undefined }, QUESTION, { yes: undefined, command })).rejects.toMatchObject({
      exitCode: EXIT.usage,
      code: 'CONFIRMATION_NEEDED',
      message: expect.stringContaining(QUESTION) as string,
      next: 'legisync backfill --status processed --yes',
    });
  });
});

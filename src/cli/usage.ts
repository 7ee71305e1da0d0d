import type { Command, CommanderError } from 'commander';
import { CommandError, EXIT } from './exit.ts';

/**
 * A wrong command line in the form of all other errors: Commander's message as a sentence, and the
 * command to type instead.
 *
 * @param args the command line, without `node` and the script
 */
export function usageError(program: Command, args: readonly string[], error: CommanderError): CommandError {
  const path = commandPath(program, args);
  const help = [...path, '--help'].join(' ');
  // For Commander, a group without a command is a request for help.
  if (error.code === 'commander.help') {
    return new CommandError(EXIT.usage, 'USAGE', `${path.join(' ')} needs a command.`, help);
  }
  const [what = '', suggestion = ''] = error.message.replace(/^error: /, '').split('\n');
  const [, meant] = /^\(Did you mean (\S+)\?\)$/.exec(suggestion) ?? [];
  const isCommand = error.code === 'commander.unknownCommand';
  return new CommandError(
    EXIT.usage,
    'USAGE',
    sentence(what) + (meant === undefined ? '' : ` Did you mean ${meant}?`),
    meant !== undefined && isCommand ? [...path, meant].join(' ') : help,
  );
}

/** The words of the command that the arguments lead to, as far as they are right. */
function commandPath(program: Command, args: readonly string[]): string[] {
  const path = [program.name()];
  let command = program;
  for (const word of args) {
    const next = command.commands.find((one) => one.name() === word);
    if (next === undefined) break;
    path.push(word);
    command = next;
  }
  return path;
}

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return capital.endsWith('.') ? capital : `${capital}.`;
}

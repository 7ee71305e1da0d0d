import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import type { Outcome, Session } from './run.ts';

export interface JsonOption {
  readonly json?: boolean;
}

/** Ends an action that works with the Temporal server: carries it out, prints it, and keeps the exit code. */
export type OnTemporal = (options: JsonOption, work: (session: Session) => Promise<Outcome>) => Promise<void>;

/** The same without the server: for what only the configuration is needed. */
export type OnConfig = (
  options: JsonOption,
  work: (config: Config) => Outcome | Promise<Outcome>,
) => Promise<void>;

/** A command that does something: every one of them knows `--json` and has examples. */
export function leaf(
  parent: Command,
  usage: string,
  description: string,
  commandLines: readonly string[],
): Command {
  return asLeaf(parent.command(usage), description, commandLines);
}

/** The same of a command that has commands below it as well. */
export function asLeaf(command: Command, description: string, commandLines: readonly string[]): Command {
  return command
    .description(description)
    .option('--json', 'print one JSON object on standard output')
    .addHelpText('after', `\n${examples(commandLines)}`);
}

export function examples(commandLines: readonly string[]): string {
  return ['Examples:', ...commandLines.map((line) => `  $ legisync ${line}`)].join('\n');
}

import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import type { How, Io, Outcome, Session } from './run.ts';

export interface JsonOption {
  readonly json?: boolean;
}

/**
 * Run the action of a command: each prints its outcome or its failure, and stores the exit code.
 */
export interface Actions {
  readonly io: Io;
  /** For a command without configuration. */
  readonly plain: (options: JsonOption, work: () => Outcome | Promise<Outcome>) => Promise<void>;
  /** For a command that needs only the configuration. */
  readonly onConfig: (
    options: JsonOption,
    work: (config: Config) => Outcome | Promise<Outcome>,
    how?: How,
  ) => Promise<void>;
  /** For a command that needs the configuration and a connection to Temporal. */
  readonly onTemporal: (
    options: JsonOption,
    work: (session: Session) => Promise<Outcome>,
    how?: How,
  ) => Promise<void>;
}

/** Adds a command that has an action. Each has the option `--json` and examples. */
export function leaf(
  parent: Command,
  usage: string,
  description: string,
  commandLines: readonly string[],
): Command {
  return asLeaf(parent.command(usage), description, commandLines);
}

/** Makes a leaf of an existing command, which may have subcommands. */
export function asLeaf(command: Command, description: string, commandLines: readonly string[]): Command {
  return command
    .description(description)
    .option('--json', 'print one JSON object on standard output')
    .addHelpText('after', `\n${examples(commandLines)}`);
}

export function examples(commandLines: readonly string[]): string {
  return ['Examples:', ...commandLines.map((line) => `  $ legisync ${line}`)].join('\n');
}

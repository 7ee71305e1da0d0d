import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { CommandError, EXIT, EXIT_MEANINGS, type ExitCode } from '../cli/exit.ts';
import { examples, type Actions } from '../cli/leaf.ts';
import { configure, report, run, withTemporal, type Io } from '../cli/run.ts';
import { addBackfill } from './backfill/index.ts';
import { addMaintenance } from './maintenance/index.ts';
import { addMassive } from './massive/index.ts';
import { addQueue } from './queue/index.ts';
import { addSetup, addUp } from './setup/index.ts';

/** Runs a command line (without `node` and the script). @returns the exit code */
export async function legisync(args: readonly string[], io: Io): Promise<ExitCode> {
  const result: { code: ExitCode } = { code: EXIT.ok };
  const json = args.includes('--json');
  const program = createProgram(io, json, result);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return result.code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return EXIT.ok;
    // Commander has already written its message, except with --json.
    if (json) report(io, { json }, usageError(error));
    return EXIT.usage;
  }
}

function usageError(error: CommanderError): CommandError {
  // For Commander, a group without a command is a request for help.
  const message =
    error.code === 'commander.help' ? 'a command is missing' : error.message.replace(/^error: /, '');
  return new CommandError(EXIT.usage, 'USAGE', message, 'legisync --help');
}

function createProgram(io: Io, json: boolean, result: { code: ExitCode }): Command {
  const plain: Actions['plain'] = async (options, work) => {
    result.code = await run(io, options, work);
  };
  const actions: Actions = {
    io,
    plain,
    onConfig: (options, work) => plain(options, () => work(configure(io).config)),
    onTemporal: (options, work, check) => plain(options, () => withTemporal(io, work, check)),
  };

  const program = new Command('legisync')
    .description(
      'Collects Légifrance documents into Supabase and keeps files_queue coherent: start, control, inspect.',
    )
    .version(version())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => {
        if (!json) io.err(text.trimEnd());
      },
    })
    .addHelpText(
      'after',
      `\n${examples(['up', 'status --json', 'massive pause codes --reason "database upgrade"'])}\n\n${exitTable()}`,
    );

  addUp(program, actions);
  addMassive(program, actions);
  addMaintenance(program, actions);
  addBackfill(program, actions);
  addQueue(program, actions);
  addSetup(program, actions);
  return program;
}

function exitTable(): string {
  const rows = Object.entries(EXIT_MEANINGS).map(([code, meaning]) => `  ${code.padStart(3)}  ${meaning}`);
  return ['Exit codes:', ...rows].join('\n');
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version: found } = JSON.parse(text) as { readonly version: string };
  return found;
}

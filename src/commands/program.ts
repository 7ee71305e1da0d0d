import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { EXIT, EXIT_MEANINGS, type ExitCode } from '../cli/exit.ts';
import { examples, type Actions } from '../cli/leaf.ts';
import { report, run, withConfig, withTemporal, type Io } from '../cli/run.ts';
import { usageError } from '../cli/usage.ts';
import { addBackfill } from './backfill/index.ts';
import { addMaintenance } from './maintenance/index.ts';
import { addMassive } from './massive/index.ts';
import { addQueue } from './queue/index.ts';
import { addSetup, addUp } from './setup/index.ts';

/** Runs a command line (without `node` and the script). @returns the exit code */
export async function legisync(args: readonly string[], io: Io): Promise<ExitCode> {
  const result: { code: ExitCode } = { code: EXIT.ok };
  const json = args.includes('--json');
  const errors: string[] = [];
  const program = createProgram(io, errors, result);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return result.code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return EXIT.ok;
    // The help of a group whose command is missing. Other messages of Commander are in its error.
    if (error.code === 'commander.help' && !json) io.err(errors.join('').trimEnd());
    return report(io, { json }, usageError(program, args, error));
  }
}

/** @param errors gets what Commander would write to standard error */
function createProgram(io: Io, errors: string[], result: { code: ExitCode }): Command {
  const plain: Actions['plain'] = async (options, work) => {
    result.code = await run(io, options, work);
  };
  const actions: Actions = {
    io,
    plain,
    onConfig: (options, work, how) => plain(options, () => withConfig(io, work, how)),
    onTemporal: (options, work, how) => plain(options, () => withTemporal(io, work, how)),
  };

  const program = new Command('legisync')
    .description(
      'Collects Légifrance documents into Supabase and keeps files_queue coherent: start, control, inspect.',
    )
    .version(version())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => errors.push(text),
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

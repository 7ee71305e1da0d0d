import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { LANES } from '../contract/messages.ts';
import { addBackfill } from './backfillCommands.ts';
import { showConfig } from './config.ts';
import { CommandError, EXIT, EXIT_MEANINGS, type ExitCode } from './exit.ts';
import { examples, leaf, type JsonOption, type OnConfig, type OnTemporal } from './leaf.ts';
import { maintenanceRun, type MaintenanceOptions } from './maintenance.ts';
import { massiveStart, massiveSteer, parseLanes } from './massive.ts';
import { massiveStatus } from './massiveStatus.ts';
import { migrateDatabase, type MigrateOptions } from './migrate.ts';
import { addQueue } from './queueCommands.ts';
import { configure, report, run, withTemporal, type Io, type Outcome } from './run.ts';
import { schedulesApply, schedulesPlan } from './schedules.ts';
import { status } from './status.ts';
import { up } from './up.ts';

/** Runs one command line, without `node` and the script. @returns the exit code */
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
    // Commander has already written its message, unless a program reads the output.
    if (json) report(io, { json }, usageError(error));
    return EXIT.usage;
  }
}

function usageError(error: CommanderError): CommandError {
  // Commander calls a group that was named without its command a request for help.
  const message =
    error.code === 'commander.help' ? 'a command is missing' : error.message.replace(/^error: /, '');
  return new CommandError(EXIT.usage, 'USAGE', message, 'legisync --help');
}

function createProgram(io: Io, json: boolean, result: { code: ExitCode }): Command {
  /** Ends an action: carries it out, prints it, and keeps the exit code. */
  const finish = async (options: JsonOption, work: () => Outcome | Promise<Outcome>): Promise<void> => {
    result.code = await run(io, options, work);
  };
  const onTemporal: OnTemporal = (options, work) => finish(options, () => withTemporal(io, work));
  const onConfig: OnConfig = (options, work) => finish(options, () => work(configure(io).config));

  const program = new Command('legisync')
    .description(
      'Collects Légifrance documents into Supabase and keeps files_queue true: start, steer, inspect.',
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

  leaf(
    program,
    'up',
    'the bucket, search attributes, schedules and the MASSIVE collections: all that the configuration asks for',
    ['up'],
  ).action((options: JsonOption) => onTemporal(options, up));

  addMassive(program, onTemporal);

  const maintenance = program.command('maintenance').description('look again at what is fresh');
  leaf(maintenance, 'run [collection]', 'one run now; waits for its result (Ctrl-C ends the waiting only)', [
    'maintenance run urbanisme',
    'maintenance run urbanisme --sources codes --limit 20',
    'maintenance run --detach --json',
  ])
    .option('--sources <names>', 'only these sources of the collection, with commas between')
    .option('--limit <n>', 'at most this many documents, 1 to 100 (default: LEGISYNC_MAINTENANCE_LIMIT)')
    .option('--detach', 'do not wait for the result')
    .action((collection: string | undefined, options: JsonOption & MaintenanceOptions) =>
      onTemporal(options, (session) => maintenanceRun(session, collection, options)),
    );

  addBackfill(program, onTemporal, onConfig);
  addQueue(program, io, onConfig);

  const schedules = program
    .command('schedules')
    .description('the schedules of MAINTENANCE and of the coherence check');
  leaf(schedules, 'plan', 'show what apply would change', ['schedules plan', 'schedules plan --check'])
    .option('--check', 'exit with 1 where there is a difference')
    .action((options: JsonOption & { readonly check?: boolean }) =>
      onTemporal(options, (session) => schedulesPlan(session, options)),
    );
  leaf(schedules, 'apply', 'make the server’s schedules what the configuration says', [
    'schedules apply',
  ]).action((options: JsonOption) => onTemporal(options, schedulesApply));

  leaf(program, 'migrate', 'apply supabase/migrations to the database of SUPABASE_DB_URL', [
    'migrate --check',
    'migrate',
  ])
    .option(
      '--check',
      'change nothing: say what of an existing files_queue does not fit, with the SQL that mends it',
    )
    .action((options: JsonOption & MigrateOptions) => finish(options, () => migrateDatabase(io, options)));
  leaf(program, 'status', 'server, workers, collections, schedules', ['status', 'status --json']).action(
    (options: JsonOption) => onTemporal(options, status),
  );
  leaf(program, 'config', 'every setting, its value and where it came from', [
    'config',
    'config --env-example',
  ])
    .option('--env-example', 'print .env.example instead')
    .action((options: JsonOption & { readonly envExample?: boolean }) =>
      finish(options, () => showConfig(io, options)),
    );
  return program;
}

function addMassive(program: Command, onTemporal: OnTemporal): void {
  const massive = program
    .command('massive')
    .description('the continuous collection; without [collection]: those of LEGISYNC_MASSIVE');
  leaf(massive, 'start [collection]', 'start it; harmless where it runs', ['massive start codes']).action(
    (collection: string | undefined, options: JsonOption) =>
      onTemporal(options, (session) => massiveStart(session, collection)),
  );
  leaf(massive, 'status [collection]', 'progress and catalogue', [
    'massive status',
    'massive status codes --json',
  ]).action((collection: string | undefined, options: JsonOption) =>
    onTemporal(options, (session) => massiveStatus(session, collection)),
  );
  leaf(massive, 'pause [collection]', 'begin no new batch; those in work are finished', [
    'massive pause codes',
  ])
    .option('--reason <text>', 'shown to others, at most 200 characters')
    .action((collection: string | undefined, options: JsonOption & { readonly reason?: string }) =>
      onTemporal(options, (session) =>
        massiveSteer(session, collection, { name: 'pause', reason: options.reason }),
      ),
    );
  leaf(massive, 'resume [collection]', 'go on after a pause', ['massive resume codes']).action(
    (collection: string | undefined, options: JsonOption) =>
      onTemporal(options, (session) => massiveSteer(session, collection, { name: 'resume' })),
  );
  leaf(
    massive,
    'stop [collection]',
    'end it: what was uploaded is queued, the rest is left for the next start',
    ['massive stop codes', 'massive stop codes --wait'],
  )
    .option('--wait', 'until it has ended (Ctrl-C ends the waiting only)')
    .action((collection: string | undefined, options: JsonOption & { readonly wait?: boolean }) =>
      onTemporal(options, (session) =>
        massiveSteer(session, collection, { name: 'stop', wait: options.wait }),
      ),
    );
  leaf(
    massive,
    'concurrency <lanes> [collection]',
    `batches in work at a time, ${LANES.min} to ${LANES.max}; kept for good`,
    ['massive concurrency 8 codes'],
  ).action((lanes: string, collection: string | undefined, options: JsonOption) =>
    onTemporal(options, (session) => {
      const verb = { name: 'concurrency', lanes: parseLanes(lanes) } as const;
      return massiveSteer(session, collection, verb);
    }),
  );
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

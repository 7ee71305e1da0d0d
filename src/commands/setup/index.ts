import type { Command } from 'commander';
import { leaf, type Actions, type JsonOption } from '../../cli/leaf.ts';
import { showConfig } from './config.ts';
import { migrateDatabase, type MigrateOptions } from './migrate.ts';
import { schedulesApply, schedulesPlan } from './schedules.ts';
import { status } from './status.ts';
import { up } from './up.ts';

/** `legisync up`: first in the list of commands. */
export function addUp(program: Command, { onTemporal }: Actions): void {
  leaf(
    program,
    'up',
    'the bucket, search attributes, schedules and the MASSIVE collections: all that the configuration asks for',
    ['up'],
  ).action((options: JsonOption) => onTemporal(options, up));
}

/** `legisync schedules …`, `migrate`, `status` and `config`. */
export function addSetup(program: Command, { io, plain, onTemporal }: Actions): void {
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
    .action((options: JsonOption & MigrateOptions) => plain(options, () => migrateDatabase(io, options)));
  leaf(program, 'status', 'server, workers, collections, schedules', ['status', 'status --json']).action(
    (options: JsonOption) => onTemporal(options, status),
  );
  leaf(program, 'config', 'every setting, its value and where it came from', [
    'config',
    'config --env-example',
  ])
    .option('--env-example', 'print .env.example instead')
    .action((options: JsonOption & { readonly envExample?: boolean }) =>
      plain(options, () => showConfig(io, options)),
    );
}

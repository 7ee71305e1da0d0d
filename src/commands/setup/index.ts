import { Option, type Command } from 'commander';
import { leaf, type Actions, type JsonOption } from '../../cli/leaf.ts';
import { showConfig } from './config.ts';
import { showEnv } from './env.ts';
import { migrateDatabase, type MigrateOptions } from './migrate.ts';
import { schedulesApply, schedulesPlan } from './schedules.ts';
import { status, type StatusOptions } from './status.ts';
import { up } from './up.ts';

/** `legisync up`: the first command in the help. */
export function addUp(program: Command, { onTemporal }: Actions): void {
  leaf(
    program,
    'up',
    'create the bucket, search attributes and schedules, and start the MASSIVE collections',
    ['up'],
  ).action((options: JsonOption) => onTemporal(options, up, { writes: true }));
}

/** `legisync schedules …`, `migrate`, `status` and `config`. */
export function addSetup(program: Command, { io, plain, onTemporal }: Actions): void {
  const schedules = program
    .command('schedules')
    .description('schedules of MAINTENANCE and of the coherence check');
  leaf(schedules, 'plan', 'show what `schedules apply` would change', [
    'schedules plan',
    'schedules plan --check',
  ])
    .option('--check', 'exit with 1 if there is a difference')
    .action((options: JsonOption & { readonly check?: boolean }) =>
      onTemporal(options, (session) => schedulesPlan(session, options)),
    );
  leaf(schedules, 'apply', 'make the server’s schedules match the configuration', ['schedules apply']).action(
    (options: JsonOption) => onTemporal(options, schedulesApply, { writes: true }),
  );

  leaf(program, 'migrate', 'apply supabase/migrations to the database of SUPABASE_DB_URL', [
    'migrate --check',
    'migrate',
  ])
    .option(
      '--check',
      'change nothing: report what is incompatible in the project or an existing files_queue, with the SQL that fixes it',
    )
    .action((options: JsonOption & MigrateOptions) => plain(options, () => migrateDatabase(io, options)));
  leaf(program, 'status', 'server, workers, collections, schedules', [
    'status',
    'status --watch',
    'status --check --json',
  ])
    .option('--check', 'for monitoring: exit with 0 only if every configured collection runs')
    .addOption(new Option('--watch', 'repeat it every two seconds until Ctrl-C').conflicts('check'))
    .action((options: StatusOptions) => onTemporal(options, (session) => status(session, options)));
  leaf(program, 'env [name]', 'addresses and keys for other tools, such as psql; contains secrets', [
    'env',
    'env SUPABASE_DB_URL',
  ]).action((name: string | undefined, options: JsonOption) => plain(options, () => showEnv(io, name)));
  leaf(program, 'config', 'every setting, its value and its source', ['config', 'config --env-example'])
    .option('--env-example', 'print .env.example instead')
    .action((options: JsonOption & { readonly envExample?: boolean }) =>
      plain(options, () => showConfig(io, options)),
    );
}

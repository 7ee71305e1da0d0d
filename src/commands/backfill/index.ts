import type { Command } from 'commander';
import { CHUNK } from '../../contract/limits.ts';
import { asLeaf, leaf, type Actions, type JsonOption } from '../../cli/leaf.ts';
import { checkReason, pauseUpdate, resumeUpdate } from '../../cli/workflow.ts';
import { backfillStatus, backfillStop, controlBackfill } from './control.ts';
import type { BackfillFlags } from './options.ts';
import { backfillDryRun } from './plan.ts';
import { backfill, checkBackfill } from './start.ts';

/** `legisync backfill …` */
export function addBackfill(program: Command, { io, onTemporal, onConfig }: Actions): void {
  const group = asLeaf(
    program.command('backfill'),
    'rebuild files_queue from Storage: add a row for every file without one, then count what is missing (Ctrl-C ends the waiting only)',
    [
      'backfill --dry-run',
      'backfill --yes',
      'backfill --status processed --before 2026-11-01',
      'backfill --resume --yes --json',
      'backfill --fill-sizes',
    ],
  )
    .option('--dry-run', 'count the files and estimate the duration; change nothing')
    .option('--prefix <path>', 'only files whose path starts with this, such as legifrance/codes/')
    .option(
      '--status <status>',
      'status of new rows: pending (default), or processed: no Worker processes the files again',
    )
    .option('--before <time>', 'with --status processed: only for files last written before this time, UTC')
    .option('--all-at-once', 'use one transaction; refused above 100,000 files')
    .option('--chunk <n>', `files in one transaction, ${CHUNK.min} to ${CHUNK.max} (LEGISYNC_BACKFILL_CHUNK)`)
    .option('--fill-sizes', 'do not queue files; fill in the sizes of rows without one')
    .option('--resume', 'continue the unfinished run')
    .option('--restart', 'abandon the unfinished run and start from scratch')
    .option('--detach', 'do not wait for the result')
    .option('--yes', 'do not ask; required without a terminal')
    .action((flags: JsonOption & BackfillFlags) =>
      flags.dryRun === true
        ? onConfig(flags, (config) => backfillDryRun(config, flags))
        : onTemporal(flags, (session) => backfill(session, flags), {
            writes: true,
            check: (config) => checkBackfill(io, config, flags),
          }),
    );

  leaf(group, 'status', 'the run in progress, or the last one', ['backfill status', 'backfill status --wait'])
    .option('--wait', 'follow it to its end')
    .action((_: unknown, command: Command) => {
      const options = command.optsWithGlobals<JsonOption & { readonly wait?: boolean }>();
      return onTemporal(options, (session) => backfillStatus(session, options));
    });
  leaf(group, 'pause', 'start no new chunk; the chunk in progress is finished', [
    'backfill pause --reason "peak hours"',
  ])
    .option('--reason <text>', 'shown to other operators, at most 200 characters')
    .action((_: unknown, command: Command) => {
      const options = command.optsWithGlobals<JsonOption & { readonly reason?: string }>();
      return onTemporal(options, (session) => controlBackfill(session, pauseUpdate(options.reason)), {
        writes: true,
        check: () => checkReason(options.reason),
      });
    });
  leaf(group, 'resume', 'continue after a pause', ['backfill resume']).action(
    (_: unknown, command: Command) =>
      onTemporal(
        command.optsWithGlobals<JsonOption>(),
        (session) => controlBackfill(session, resumeUpdate()),
        { writes: true },
      ),
  );
  leaf(group, 'stop', 'end it; `backfill --resume` continues it later', ['backfill stop']).action(
    (_: unknown, command: Command) =>
      onTemporal(command.optsWithGlobals<JsonOption>(), backfillStop, { writes: true }),
  );
}

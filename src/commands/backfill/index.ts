import type { Command } from 'commander';
import { CHUNK } from '../../contract/backfill.ts';
import { backfill } from './start.ts';
import type { BackfillFlags } from './options.ts';
import { backfillStatus, backfillSteer, backfillStop } from './steer.ts';
import { backfillDryRun } from './plan.ts';
import { asLeaf, leaf, type Actions, type JsonOption } from '../../cli/leaf.ts';

/** `legisync backfill …` */
export function addBackfill(program: Command, { onTemporal, onConfig }: Actions): void {
  const group = asLeaf(
    program.command('backfill'),
    'rebuild files_queue from Storage: a row for every file without one, then count what is missing (Ctrl-C ends the waiting only)',
    [
      'backfill --dry-run',
      'backfill --yes',
      'backfill --status processed --before 2026-11-01',
      'backfill --resume --yes --json',
      'backfill --fill-sizes',
    ],
  )
    .option('--dry-run', 'count, and say how long it would take; change nothing')
    .option('--prefix <path>', 'only files whose path begins so, such as legifrance/codes/')
    .option('--status <status>', 'new rows are pending (default), or processed: no Worker works them again')
    .option('--before <time>', 'with --status processed: only for files last written before it, UTC')
    .option('--all-at-once', 'one transaction; refused above 100,000 files')
    .option('--chunk <n>', `files a transaction, ${CHUNK.min} to ${CHUNK.max} (LEGISYNC_BACKFILL_CHUNK)`)
    .option('--fill-sizes', 'instead of queueing: sizes for rows that have none')
    .option('--resume', 'go on with the unfinished run')
    .option('--restart', 'abandon the unfinished run, and begin anew')
    .option('--detach', 'start, and do not wait for the result')
    .option('--yes', 'do not ask; needed where there is no terminal')
    .action((flags: JsonOption & BackfillFlags) =>
      flags.dryRun === true
        ? onConfig(flags, (config) => backfillDryRun(config, flags))
        : onTemporal(flags, (session) => backfill(session, flags)),
    );

  leaf(group, 'status', 'the run in work, or the last one', ['backfill status', 'backfill status --wait'])
    .option('--wait', 'follow it to its end')
    .action((_: unknown, command: Command) => {
      const options = command.optsWithGlobals<JsonOption & { readonly wait?: boolean }>();
      return onTemporal(options, (session) => backfillStatus(session, options));
    });
  leaf(group, 'pause', 'begin no further chunk; the one in work is finished', [
    'backfill pause --reason "peak hours"',
  ])
    .option('--reason <text>', 'shown to others, at most 200 characters')
    .action((_: unknown, command: Command) => {
      const options = command.optsWithGlobals<JsonOption & { readonly reason?: string }>();
      return onTemporal(options, (session) =>
        backfillSteer(session, { name: 'pause', reason: options.reason }),
      );
    });
  leaf(group, 'resume', 'go on after a pause', ['backfill resume']).action((_: unknown, command: Command) =>
    onTemporal(command.optsWithGlobals<JsonOption>(), (session) =>
      backfillSteer(session, { name: 'resume' }),
    ),
  );
  leaf(group, 'stop', 'end it; `backfill --resume` goes on later', ['backfill stop']).action(
    (_: unknown, command: Command) => onTemporal(command.optsWithGlobals<JsonOption>(), backfillStop),
  );
}

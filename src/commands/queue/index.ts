import type { Command } from 'commander';
import { EXAMPLES } from '../../contract/limits.ts';
import { leaf, type Actions, type JsonOption } from '../../cli/leaf.ts';
import { coherence } from './coherence.ts';
import { dangling, missing, stale } from './examples.ts';
import { rate } from './rate.ts';
import { repairDangling, repairStale, type RepairFlags } from './repair.ts';

/**
 * The commands that compare files_queue and Storage. They need Supabase, but no Temporal server.
 */
export function addQueue(program: Command, { io, onConfig }: Actions): void {
  leaf(
    program,
    'coherence',
    'compare Storage and files_queue; exit with 1 if they differ by more than the limits',
    ['coherence', 'coherence --cheap --json'],
  )
    .option('--cheap', 'counts and sizes only: with millions of files, one second instead of several')
    .action((options: JsonOption & { readonly cheap?: boolean }) =>
      onConfig(options, (config) => coherence(config, options)),
    );

  const examples = [
    ['missing', 'files without a row, older than LEGISYNC_GRACE_SECONDS', missing],
    ['dangling', 'rows without a file, older than LEGISYNC_GRACE_SECONDS, or marked', dangling],
    ['stale', 'rows whose file has other, newer content', stale],
  ] as const;
  for (const [name, description, list] of examples) {
    leaf(program, name, `${description}: the first by path`, [name, `${name} --limit 1000 --json`])
      .option('--limit <n>', `maximum number of lines, 1 to ${EXAMPLES.max} (default: ${EXAMPLES.default})`)
      .action((options: JsonOption & { readonly limit?: string }) =>
        onConfig(options, (config) => list(config, options)),
      );
  }

  const repair = program.command('repair').description('repair rows of files_queue; nothing is ever deleted');
  const repairs = [
    [
      'dangling',
      'mark rows without a file, so that no Worker takes them; unmark rows whose file is back',
      repairDangling,
    ],
    ['stale', 'queue rows again whose file has other, newer content; correct sizes', repairStale],
  ] as const;
  for (const [name, description, carryOut] of repairs) {
    leaf(repair, name, description, [`repair ${name} --dry-run`, `repair ${name} --yes`])
      .option('--dry-run', 'count the rows; change nothing')
      .option('--yes', 'do not ask; required without a terminal')
      .action((options: JsonOption & RepairFlags) =>
        onConfig(options, (config) => carryOut(io, config, options), { writes: options.dryRun !== true }),
      );
  }

  leaf(program, 'rate', 'rows inserted into files_queue in each of the last 10 minutes', ['rate']).action(
    (options: JsonOption) => onConfig(options, rate),
  );
}

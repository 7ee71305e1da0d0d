import type { Command } from 'commander';
import { EXAMPLES } from '../../contract/coherence.ts';
import { coherence } from './coherence.ts';
import { dangling, missing, stale } from './examples.ts';
import { leaf, type Actions, type JsonOption } from '../../cli/leaf.ts';
import { rate } from './rate.ts';
import { repairDangling, repairStale, type RepairFlags } from './repair.ts';

/** What looks at files_queue and Storage: they need Supabase, and no Temporal. */
export function addQueue(program: Command, { io, onConfig }: Actions): void {
  leaf(
    program,
    'coherence',
    'compare Storage and files_queue; ends with 1 where they differ beyond the limits',
    ['coherence', 'coherence --cheap --json'],
  )
    .option('--cheap', 'counts and sizes only: a second instead of several, with millions of files')
    .action((options: JsonOption & { readonly cheap?: boolean }) =>
      onConfig(options, (config) => coherence(config, options)),
    );

  const examples = [
    ['missing', 'files without a row, older than LEGISYNC_GRACE_SECONDS', missing],
    ['dangling', 'rows without a file, older than LEGISYNC_GRACE_SECONDS, or marked', dangling],
    ['stale', 'rows that stand for other content than their file has', stale],
  ] as const;
  for (const [name, description, list] of examples) {
    leaf(program, name, `${description}: the first by path`, [name, `${name} --limit 1000 --json`])
      .option('--limit <n>', `at most this many, 1 to ${EXAMPLES.max} (default: ${EXAMPLES.default})`)
      .action((options: JsonOption & { readonly limit?: string }) =>
        onConfig(options, (config) => list(config, options)),
      );
  }

  const repair = program.command('repair').description('mark, or queue again; nothing is ever deleted');
  const repairs = [
    ['dangling', 'mark rows without a file, so that no Worker takes them; take marks back', repairDangling],
    ['stale', 'queue again what stands for other content than its file has; correct sizes', repairStale],
  ] as const;
  for (const [name, description, carryOut] of repairs) {
    leaf(repair, name, description, [`repair ${name} --dry-run`, `repair ${name} --yes`])
      .option('--dry-run', 'count, and change nothing')
      .option('--yes', 'do not ask; needed where there is no terminal')
      .action((options: JsonOption & RepairFlags) =>
        onConfig(options, (config) => carryOut(io, config, options)),
      );
  }

  leaf(program, 'rate', 'rows inserted into files_queue a minute, over the last 10 minutes', ['rate']).action(
    (options: JsonOption) => onConfig(options, rate),
  );
}

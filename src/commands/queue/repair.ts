import type { Config } from '../../config/config.ts';
import type { DanglingRepair, RepairStep, StaleRepair } from '../../contract/coherence.ts';
import { confirm } from '../../cli/confirm.ts';
import { CommandError, EXIT } from '../../cli/exit.ts';
import { untilInterrupted } from '../../cli/interrupt.ts';
import type { Io, Outcome } from '../../cli/run.ts';
import { requireSupabase } from '../../cli/supabase.ts';

/** What is typed behind `legisync repair …`. */
export interface RepairFlags {
  readonly dryRun?: boolean | undefined;
  readonly yes?: boolean | undefined;
}

/**
 * Rows that one transaction looks at. It locks only those that it changes: up to all of them, a second at most, in which
 * a Worker waits that wants one of them.
 */
const STEP = 10_000;

/** A hundred million rows: more steps mean that the position does not advance. */
const MAX_STEPS = 10_000;

/** A word now and then to whoever waits. */
const WORD_EVERY_STEPS = 20;

/** Figures of a repair, as one step or all of them count them. */
type Totals = Readonly<Record<string, number>>;

/** One kind of repair: its steps, and how its figures read. */
interface Repair {
  readonly name: 'dangling' | 'stale';
  readonly step: (input: RepairStep) => Promise<DanglingRepair | StaleRepair>;
  readonly lines: (totals: Totals, dryRun: boolean) => string[];
}

/** `legisync repair dangling` */
export async function repairDangling(io: Io, config: Config, flags: RepairFlags): Promise<Outcome> {
  const { coherence } = await requireSupabase(config);
  return repair(io, config, flags, {
    name: 'dangling',
    step: (input) => coherence.repairDangling(input),
    lines: ({ scanned = 0, marked = 0, hidden = 0, takenBack = 0 }, dryRun) => [
      `${scanned} rows looked at.`,
      `${marked} without a file ${dryRun ? 'would be marked' : 'marked'}; ${hidden} of them are pending, and get a status that no Worker takes.`,
      `${takenBack} marks ${dryRun ? 'would be taken back' : 'taken back'}: the file is there again.`,
    ],
  });
}

/** `legisync repair stale` */
export async function repairStale(io: Io, config: Config, flags: RepairFlags): Promise<Outcome> {
  const { coherence } = await requireSupabase(config);
  return repair(io, config, flags, {
    name: 'stale',
    step: (input) => coherence.repairStale(input),
    lines: ({ scanned = 0, pendingAgain = 0, requeued = 0, resized = 0 }, dryRun) => [
      `${scanned} rows looked at.`,
      `${pendingAgain} finished ones ${dryRun ? 'would be' : 'are'} pending again.`,
      `${requeued} unfinished ones ${dryRun ? 'would be' : 'are'} marked, so that no Worker ends them with the old content.`,
      `${resized} ${dryRun ? 'would get' : 'got'} the size of their file only.`,
    ],
  });
}

async function repair(io: Io, config: Config, flags: RepairFlags, what: Repair): Promise<Outcome> {
  const command = `legisync repair ${what.name}`;
  if (flags.dryRun === true || flags.yes !== true) {
    const planned = await carryOut(io, config, what, true);
    const lines = what.lines(planned, true);
    const nothing = Object.entries(planned).every(([name, n]) => name === 'scanned' || n === 0);
    if (flags.dryRun === true || nothing) {
      const end = nothing ? 'There is nothing to repair.' : 'Nothing was changed (--dry-run).';
      return { data: { dryRun: true, ...planned }, lines: [...lines, end] };
    }
    await confirm(io, `${lines.join('\n')}\nGo on?`, { yes: flags.yes, command });
  }
  const done = await carryOut(io, config, what, false);
  return { data: { dryRun: false, ...done }, lines: what.lines(done, false) };
}

/** All steps, in the order of the paths. Ctrl-C ends it behind the step in work: what was repaired stays. */
function carryOut(io: Io, config: Config, what: Repair, dryRun: boolean): Promise<Totals> {
  const { bucket, coherence } = config;
  return untilInterrupted(async (interrupted) => {
    const totals: Record<string, number> = {};
    let after: string | null = '';
    for (let steps = 1; after !== null; steps += 1) {
      if (interrupted.aborted || steps > MAX_STEPS) {
        throw new CommandError(
          interrupted.aborted ? EXIT.interrupted : EXIT.failed,
          interrupted.aborted ? 'INTERRUPTED' : 'INTERNAL',
          `Stopped behind ${after === '' ? 'no row' : after}. ${dryRun ? 'Nothing was changed.' : 'What was repaired stays.'}`,
          `legisync repair ${what.name}`,
        );
      }
      const { next, ...counts }: DanglingRepair | StaleRepair = await what.step({
        bucket,
        graceSeconds: coherence.graceSeconds,
        after,
        step: STEP,
        dryRun,
      });
      for (const [name, n] of Object.entries(counts)) totals[name] = (totals[name] ?? 0) + n;
      if (steps % WORD_EVERY_STEPS === 0) io.err(`${totals['scanned'] ?? 0} rows looked at…`);
      after = next;
    }
    return totals;
  });
}

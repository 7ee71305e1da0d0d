import type { Config } from '../../config/config.ts';
import type { DanglingRepair, RepairChunk, StaleRepair } from '../../contract/coherence.ts';
import { REPAIR_CHUNK } from '../../contract/limits.ts';
import { confirm, DECLINED } from '../../cli/confirm.ts';
import type { CommandError } from '../../cli/exit.ts';
import { interruptedError, untilInterrupted } from '../../cli/interrupt.ts';
import type { Io, Outcome } from '../../cli/run.ts';
import { requireSupabase } from '../../cli/supabase.ts';

/** The options of `legisync repair …`. */
export interface RepairFlags {
  readonly dryRun?: boolean | undefined;
  readonly yes?: boolean | undefined;
}

/** A hundred million rows: more chunks mean that the position does not advance. */
const MAX_CHUNKS = 10_000;

/** Chunks between two lines of progress. */
const CHUNKS_PER_LINE = 20;

/** The figures of a repair: sums over all chunks. */
type Totals = Readonly<Record<string, number>>;

/** One kind of repair: its chunks, and its figures for people. */
interface Repair {
  readonly name: 'dangling' | 'stale';
  readonly chunk: (input: RepairChunk) => Promise<DanglingRepair | StaleRepair>;
  readonly lines: (totals: Totals, dryRun: boolean) => string[];
}

/** `legisync repair dangling` */
export async function repairDangling(io: Io, config: Config, flags: RepairFlags): Promise<Outcome> {
  const { coherence } = await requireSupabase(config);
  return repair(io, config, flags, {
    name: 'dangling',
    chunk: (input) => coherence.repairDangling(input),
    lines: ({ scanned = 0, marked = 0, hidden = 0, takenBack = 0 }, dryRun) => [
      `${scanned} rows read.`,
      `${marked} without a file ${dryRun ? 'would be marked' : 'marked'}; ${hidden} of them are pending and get a status that no Worker takes.`,
      `${takenBack} marks ${dryRun ? 'would be removed' : 'removed'}: the file is back.`,
    ],
  });
}

/** `legisync repair stale` */
export async function repairStale(io: Io, config: Config, flags: RepairFlags): Promise<Outcome> {
  const { coherence } = await requireSupabase(config);
  return repair(io, config, flags, {
    name: 'stale',
    chunk: (input) => coherence.repairStale(input),
    lines: ({ scanned = 0, pendingAgain = 0, requeued = 0, resized = 0 }, dryRun) => [
      `${scanned} rows read.`,
      `${pendingAgain} finished rows ${dryRun ? 'would be' : 'are'} pending again.`,
      `${requeued} unfinished rows ${dryRun ? 'would get' : 'got'} the requeue mark, so that the new content is processed.`,
      `${resized} rows ${dryRun ? 'would get' : 'got'} only the size of their file.`,
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
    const question = `${lines.join('\n')}\nContinue?`;
    if (!(await confirm(io, question, { yes: flags.yes, command }))) return DECLINED;
  }
  const done = await carryOut(io, config, what, false);
  return { data: { dryRun: false, ...done }, lines: what.lines(done, false) };
}

/**
 * Repairs chunk after chunk, in the order of the paths. Ctrl-C ends it after the chunk in progress.
 */
function carryOut(io: Io, config: Config, what: Repair, dryRun: boolean): Promise<Totals> {
  const { bucket, coherence } = config;
  return untilInterrupted(async (interrupted) => {
    const totals: Record<string, number> = {};
    let after: string | null = '';
    for (let chunks = 1; after !== null; chunks += 1) {
      if (interrupted.aborted) throw stopped(what, after, dryRun);
      if (chunks > MAX_CHUNKS) throw new Error(`The repair does not advance after ${after}.`);
      const { next, ...counts }: DanglingRepair | StaleRepair = await what.chunk({
        bucket,
        graceSeconds: coherence.graceSeconds,
        after,
        size: REPAIR_CHUNK.default,
        dryRun,
      });
      for (const [name, n] of Object.entries(counts)) totals[name] = (totals[name] ?? 0) + n;
      if (chunks % CHUNKS_PER_LINE === 0) io.err(`${totals['scanned'] ?? 0} rows read…`);
      after = next;
    }
    return totals;
  });
}

function stopped({ name }: Repair, after: string, dryRun: boolean): CommandError {
  const where = after === '' ? 'before the first row' : `after ${after}`;
  const effect = dryRun ? 'Nothing was changed.' : 'Repaired rows stay repaired.';
  return interruptedError(`Stopped ${where}. ${effect}`, `legisync repair ${name}`);
}

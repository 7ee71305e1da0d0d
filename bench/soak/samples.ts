import { readdir, readFile } from 'node:fs/promises';
import type { PartRecord } from '../../local/launcher/state.ts';
import { sum } from '../support/figures.ts';
import { statusOf } from '../support/memory.ts';
import { courseOf, type Life, type PartCourse, type Sample } from './series.ts';

/** The samples of all parts. Each restart of a part begins a new life. */
export class Samples {
  readonly #parts = new Map<string, { pid: number; samples: Sample[] }[]>();

  /** Adds a sample of each process. Leaves out one that has just ended. */
  async take(parts: readonly PartRecord[], atSeconds: number): Promise<void> {
    for (const { name, pid } of parts) {
      const usage = await usageOf(name, pid).catch(() => undefined);
      if (usage === undefined) continue;
      const lives: { pid: number; samples: Sample[] }[] = this.#parts.get(name) ?? [];
      this.#parts.set(name, lives);
      if (lives.at(-1)?.pid !== pid) lives.push({ pid, samples: [] });
      lives.at(-1)?.samples.push({ atSeconds, ...usage });
    }
  }

  /** One summary for each part. */
  courses(): readonly PartCourse[] {
    return [...this.#parts].flatMap(
      ([name, lives]: [string, readonly Life[]]) => courseOf(name, lives) ?? [],
    );
  }
}

type Usage = Omit<Sample, 'atSeconds'>;

/** PostgreSQL has a process for each session; the other parts have one process. */
function usageOf(name: string, pid: number): Promise<Usage> {
  return name === 'postgres' ? usageOfServer(pid) : usageOfProcess(pid);
}

async function usageOfProcess(pid: number): Promise<Usage> {
  const status = await statusOf(pid);
  return { residentMb: status('VmRSS') / 1_024, handles: await handlesOf(pid), threads: status('Threads') };
}

/**
 * All processes of a PostgreSQL server. Their shared memory counts once: each process shows the part
 * of it that it has touched.
 */
async function usageOfServer(pid: number): Promise<Usage> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const pids = [pid, ...children.trim().split(/\s+/).filter(Boolean).map(Number)];
  const found = await Promise.all(
    pids.map(async (each) => {
      const status = await statusOf(each);
      return {
        own: status('RssAnon'),
        shared: status('RssShmem'),
        handles: await handlesOf(each),
        threads: status('Threads'),
      };
    }),
  );
  const ownKb = sum(found.map(({ own }) => own));
  return {
    residentMb: (ownKb + Math.max(...found.map(({ shared }) => shared))) / 1_024,
    handles: sum(found.map(({ handles }) => handles)),
    threads: sum(found.map(({ threads }) => threads)),
  };
}

async function handlesOf(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}

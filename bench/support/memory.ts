import { readFile } from 'node:fs/promises';

/** Often enough for a chunk that takes a second. */
const SAMPLE_MS = 100;

/** Reads the figures that the system keeps of a process, by their names. Linux only (procfs). */
export async function statusOf(pid: number): Promise<(name: string) => number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? NaN);
}

/** Resident memory of a process, in MB. Linux only (procfs). */
export async function residentMb(pid: number): Promise<number> {
  return (await statusOf(pid))('VmRSS') / 1_024;
}

/** Resident memory of a process before, during and after some work, in MB. */
export interface MemoryOfWork {
  readonly before: number;
  readonly max: number;
  readonly after: number;
}

/** Runs `work` and samples the memory of process `pid` during it. */
export async function watchMemory<T>(
  pid: number,
  work: () => Promise<T>,
): Promise<{ result: T; memory: MemoryOfWork }> {
  const before = await residentMb(pid);
  let max = before;
  const timer = setInterval(() => {
    residentMb(pid).then(
      (now) => (max = Math.max(max, now)),
      // The process has ended; the caller detects that itself.
      () => undefined,
    );
  }, SAMPLE_MS);
  try {
    const result = await work();
    const after = await residentMb(pid);
    return { result, memory: { before, max: Math.max(max, after), after } };
  } finally {
    clearInterval(timer);
  }
}

import { rmSync } from 'node:fs';
import { chmod, mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killAtExit, onLastTeardown, setUpOnce } from './teardown.ts';

/** A folder in memory on Linux. A container often gives it 64 MB only. */
const MEMORY = '/dev/shm';
const TMPFS = 0x01021994;
/** A run uses about 300 MB, and PostgreSQL may keep 2 GB of log. */
const NEEDED_BYTES = 3 * 2 ** 30;

const holder = globalThis as { legisyncFolder?: Promise<string> | undefined };

/**
 * The temporary folder of this run and of all its processes: it becomes their TMPDIR. If there is
 * room it lies in memory, where the copy of a template database takes 20 ms; on the disk of a small
 * machine it took 100 to 300 ms. A TMPDIR that is already set is used.
 */
export function runFolder(): Promise<string> {
  return (holder.legisyncFolder ??= makeFolder());
}

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(await parent(), 'legisync-test-'));
  // Where the tests run as root, PostgreSQL has a user of its own that must enter it.
  await chmod(folder, 0o755);
  onLastTeardown(async () => {
    holder.legisyncFolder = undefined;
    await rm(folder, { recursive: true, force: true });
  });
  // An interrupted run must not leave its files in memory. A server that is being killed may still
  // write some.
  killAtExit(() => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  });
  await setUpOnce('TMPDIR', () => Promise.resolve(folder));
  return folder;
}

async function parent(): Promise<string> {
  if (process.env['TMPDIR'] !== undefined) return tmpdir();
  const memory = await statfs(MEMORY).catch(() => undefined);
  const hasRoom = memory?.type === TMPFS && memory.bavail * memory.bsize >= NEEDED_BYTES;
  return hasRoom ? MEMORY : tmpdir();
}

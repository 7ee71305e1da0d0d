import { readFile } from 'node:fs/promises';

/**
 * Sends SIGKILL to a PostgreSQL server and all its sessions, like a power cut. Linux only.
 *
 * Killing the process group is not enough: each session has its own group and would finish its
 * current statement. And while the server runs, it replaces killed sessions. So the server is
 * stopped with SIGSTOP first, and killed last.
 *
 * @param pid of the postmaster
 */
export async function killServer(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  for (const child of children.trim().split(/\s+/).filter(Boolean)) killIfThere(Number(child));
  process.kill(pid, 'SIGKILL');
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended since the list was read.
  }
}

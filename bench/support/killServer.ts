import { readFile } from 'node:fs/promises';

/**
 * SIGKILL to a PostgreSQL server and every session of it, as a power cut would; Linux only.
 *
 * Not to its process group: each session leads one of its own, so that killing the server's group leaves them to finish
 * the statement they are at. And not to the sessions one after the other while the server lives: it would start others.
 * So it is stopped first, and gets its SIGKILL last.
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
    // It ended by itself, between the list and now.
  }
}

import { isMainThread } from 'node:worker_threads';

/**
 * `node --import` of this file binds a process to the one that started it. The pipe on standard
 * input closes when the parent ends, even by SIGKILL. The process then exits, or sends itself the
 * signal that `ORPHAN_SIGNAL` names.
 */
const signal = process.env['ORPHAN_SIGNAL'] as NodeJS.Signals | undefined;

// Threads of the process load this file, too. They have no pipe.
if (isMainThread) {
  process.stdin.once('close', () =>
    signal === undefined ? process.exit(1) : process.kill(process.pid, signal),
  );
  process.stdin.resume();
  // Waiting for the parent's end keeps no process alive.
  process.stdin.unref();
}

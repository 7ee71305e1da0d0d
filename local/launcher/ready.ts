import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';

/**
 * Checks once whether a part is ready. Throwing means "not yet"; a time-out quotes the last error.
 */
export type ReadyProbe = (attempt: AbortSignal) => Promise<boolean>;

/** Ready when `url` answers with any status below 400. */
export function httpAnswers(url: string): ReadyProbe {
  return async (attempt) => {
    const response = await fetch(url, { signal: attempt });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`${url} answered HTTP ${response.status}`);
    return true;
  };
}

/** Ready when the port accepts connections; a cheap check before a more expensive one. */
export function tcpAccepts(host: string, port: number): ReadyProbe {
  return async (attempt) =>
    await new Promise((resolve, reject) => {
      const socket = connect({ host, port, signal: attempt });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
    });
}

/**
 * Ready when the part has written `text` to its log; for parts without a port, such as a worker.
 */
export function logContains(logFile: string, text: string): ReadyProbe {
  return async (attempt) => (await readFile(logFile, { encoding: 'utf8', signal: attempt })).includes(text);
}

import { mkdir, open, rename, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode } from './errors.ts';

/** Enough for a stack trace or a server's last messages, and short enough for a screen. */
const TAIL_BYTES = 4_096;
const TAIL_LINES = 20;

/** A log may quote requests, so only its owner may read it. */
const OWNER_ONLY = 0o600;

/**
 * Opens a new log for one start of a part. Keeps the previous log as `<file>.old`, but no older
 * one.
 */
export async function openFreshLog(file: string): Promise<FileHandle> {
  await mkdir(dirname(file), { recursive: true });
  await rename(file, `${file}.old`).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error;
  });
  return await open(file, 'a', OWNER_ONLY);
}

/** The last lines of a log, at most 20 lines and 4 KB; empty if the log is empty or missing. */
async function tailOf(file: string): Promise<string> {
  let handle: FileHandle;
  try {
    handle = await open(file, 'r');
  } catch {
    return '';
  }
  try {
    const { size } = await handle.stat();
    const { buffer, bytesRead } = await handle.read({
      buffer: Buffer.alloc(TAIL_BYTES),
      position: Math.max(0, size - TAIL_BYTES),
    });
    return buffer.toString('utf8', 0, bytesRead).trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
  } finally {
    await handle.close();
  }
}

/** The end of an error message about a part: the tail of its log, indented, and the log's path. */
export async function quoteLog(file: string): Promise<string> {
  const tail = await tailOf(file);
  return tail === ''
    ? `Its log is empty (${file}).`
    : `Its log (${file}) ends:\n${tail.replaceAll(/^/gm, '  ')}`;
}

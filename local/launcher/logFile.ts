import { mkdir, open, rename, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode } from './errors.ts';

/** Enough of a log's end to hold a stack trace or a server's last words, and to fit on a screen. */
const TAIL_BYTES = 4_096;
const TAIL_LINES = 20;

/** A part's log may quote what it was asked: nobody else's business. */
const OWNER_ONLY = 0o600;

/** Opens a fresh log for one start of a part. The log of the start before is kept as `<file>.old`, older ones are not. */
export async function openFreshLog(file: string): Promise<FileHandle> {
  await mkdir(dirname(file), { recursive: true });
  await rename(file, `${file}.old`).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error;
  });
  return await open(file, 'a', OWNER_ONLY);
}

/** The last lines of a log, at most 20 lines and 4 KB; empty when the log is empty or missing. */
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

/** The end of an error about a part: the tail of its log, indented, and where the rest is. */
export async function quoteLog(file: string): Promise<string> {
  const tail = await tailOf(file);
  return tail === ''
    ? `Its log is empty (${file}).`
    : `Its log (${file}) ends:\n${tail.replaceAll(/^/gm, '  ')}`;
}

import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The bytes of the objects, one file a version. */
export interface FileStore {
  /** Keeps `content` and returns the name of its version, which nobody knows yet. */
  write(content: Buffer): Promise<string>;
  /** The bytes of a version; `undefined` when it was replaced or removed meanwhile. */
  read(version: string): Promise<Buffer | undefined>;
  remove(version: string): Promise<void>;
}

/**
 * A file is named by a fresh UUID, never by the object's key: no key can lead out of the folder, and a file that is
 * still being written cannot be seen, because no row points at it before it is complete. That is why nothing is renamed
 * here; what a kill leaves behind is an orphan that takes space and harms nobody. Nothing is synced to the disk either:
 * that protects against power cuts only, and this is a double on a development machine.
 */
export function createFileStore(root: string): FileStore {
  const made = new Set<string>();
  // 256 folders: 1.4 million files stay below 6,000 a folder.
  const folderOf = (version: string): string => join(root, version.slice(0, 2));
  const pathOf = (version: string): string => join(folderOf(version), version);
  return {
    async write(content) {
      const version = randomUUID();
      const folder = folderOf(version);
      if (!made.has(folder)) {
        await mkdir(folder, { recursive: true });
        made.add(folder);
      }
      await writeFile(pathOf(version), content, { flag: 'wx' });
      return version;
    },
    async read(version) {
      return readFile(pathOf(version)).catch((error: unknown) => {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
        throw error;
      });
    },
    async remove(version) {
      await rm(pathOf(version), { force: true });
    },
  };
}

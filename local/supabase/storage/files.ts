import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The content of the objects, one file for each version. */
export interface FileStore {
  /** Stores `content` and returns the name of its new version. */
  write(content: Buffer): Promise<string>;
  /** The content of a version; `undefined` if it has been replaced or removed. */
  read(version: string): Promise<Buffer | undefined>;
  remove(version: string): Promise<void>;
}

/**
 * A file is named by a new UUID, never by the object's key, so no key can leave the folder. An
 * incomplete file is never visible, because no row refers to it before it is complete; so nothing
 * is renamed. A kill leaves an orphan that only takes space. Files are not synced to disk: that
 * protects only against power cuts, and this is a double on a development machine.
 */
export function createFileStore(root: string): FileStore {
  const made = new Set<string>();
  // 256 folders: 1.4 million files are fewer than 6,000 in each folder.
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

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

/**
 * The absolute path of a file of collections. The application checks what is in it; a path or a
 * comma that is wrong is said before anything starts.
 *
 * @param path relative to the current folder
 * @throws Error if the file cannot be read as JSON
 */
export async function collectionsFile(path: string): Promise<string> {
  const absolute = resolve(path);
  try {
    JSON.parse(await readFile(absolute, 'utf8'));
    return absolute;
  } catch (cause) {
    throw new Error(
      `${path}: ${absolute} cannot be read as JSON (${String(cause)}). See docs/first-hour.md.`,
      {
        cause,
      },
    );
  }
}

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';

/** The part of a file of collections that decides what runs. The application checks the rest. */
const file = z.array(z.object({ name: z.string(), sources: z.array(z.object({ kind: z.string() })) })).min(1);

/**
 * The settings for the collections of a file: MASSIVE collects all of them, and MAINTENANCE those
 * with a search, because a table of contents has no recent documents.
 *
 * @param path relative to the current folder
 * @throws Error if the file cannot be read or is not a list of collections
 */
export async function collectionSettings(path: string): Promise<Readonly<Record<string, string>>> {
  const absolute = resolve(path);
  let content: unknown;
  try {
    content = JSON.parse(await readFile(absolute, 'utf8'));
  } catch (cause) {
    throw new Error(`--collections ${path}: ${absolute} cannot be read as JSON. See docs/first-hour.md.`, {
      cause,
    });
  }
  const parsed = file.safeParse(content);
  if (!parsed.success) {
    throw new Error(
      `--collections ${path}: ${absolute} must be a list of collections with sources. See docs/first-hour.md.\n` +
        z.prettifyError(parsed.error),
    );
  }
  const searched = parsed.data.filter(({ sources }) => sources.some(({ kind }) => kind === 'search'));
  return {
    LEGISYNC_COLLECTIONS: absolute,
    LEGISYNC_MASSIVE: parsed.data.map(({ name }) => name).join(','),
    LEGISYNC_MAINTENANCE: searched.map(({ name }) => name).join(',') || 'none',
  };
}

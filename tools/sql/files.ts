import { existsSync, globSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { parse } from 'smol-toml';
import { z } from 'zod';

export interface SqlFile {
  /** Relative to the folder `supabase`, with `/`. */
  readonly path: string;
  readonly sql: string;
}

const config = z.object({ db: z.object({ migrations: z.object({ schema_paths: z.array(z.string()) }) }) });

/**
 * The files of `schema_paths` in `config.toml`, in their order.
 *
 * @param folder the folder `supabase`
 * @throws Error if `schema_paths` is missing, or one of its globs matches nothing
 */
export async function readSchemaFiles(folder: string): Promise<SqlFile[]> {
  const path = join(folder, 'config.toml');
  const parsed = config.safeParse(parse(await readFile(path, 'utf8')));
  if (!parsed.success) {
    throw new Error(
      `${path} does not say in which order the schema files are applied. ` +
        'Under [db.migrations], schema_paths must be a list of globs, e.g. ["schemas/base/*.sql"].',
    );
  }
  return readAll(folder, matchGlobs(folder, parsed.data.db.migrations.schema_paths));
}

/**
 * The migrations, in the order of their timestamps. Before the first one the folder does not exist,
 * because Git keeps no empty folders.
 */
export async function readMigrations(folder: string): Promise<SqlFile[]> {
  const path = join(folder, 'migrations');
  const names = (existsSync(path) ? await readdir(path) : []).filter((name) => name.endsWith('.sql')).sort();
  return readAll(
    folder,
    names.map((name) => `migrations/${name}`),
  );
}

function readAll(folder: string, paths: readonly string[]): Promise<SqlFile[]> {
  return Promise.all(paths.map(async (path) => ({ path, sql: await readFile(join(folder, path), 'utf8') })));
}

/** Syntax of globs that Node and the Supabase CLI (written in Go) interpret differently. */
const AMBIGUOUS = /\*\*|[[\]{}\\!()+@]/;

/**
 * Expands globs as the Supabase CLI expands `schema_paths`: the matches of each glob are sorted,
 * and a file that several globs match has the place of the first one.
 *
 * @throws Error for a glob without a match, and for one that the CLI might interpret differently
 */
export function matchGlobs(folder: string, globs: readonly string[]): string[] {
  const paths = globs.flatMap((glob) => {
    if (AMBIGUOUS.test(glob)) {
      throw new Error(
        `The glob "${glob}" has more than * and ?. These do not match "/": name each folder, e.g. "schemas/base/*.sql".`,
      );
    }
    const matches = globSync(posix.normalize(glob), { cwd: folder }).map((path) =>
      path.replaceAll('\\', '/'),
    );
    if (matches.length === 0) {
      throw new Error(`The glob "${glob}" matches no file. It is relative to ${folder}.`);
    }
    return matches.sort();
  });
  return [...new Set(paths)];
}

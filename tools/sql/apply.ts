import type { Client } from 'pg';
import { readMade } from './catalogue/read.ts';
import type { MadeFact } from './catalogue/read.ts';
import type { SqlFile } from './files.ts';

/** A schema file, and what it makes. A file that makes nothing is a statement file. */
export interface AppliedFile extends SqlFile {
  readonly made: readonly MadeFact[];
}

/**
 * Applies each file in a transaction of its own.
 *
 * @throws Error with the file's name and PostgreSQL's message
 */
export async function applyFiles(client: Client, files: readonly SqlFile[]): Promise<void> {
  for (const file of files) await applyFile(client, file);
}

/**
 * Applies schema files, and reads from the catalogue what each of them makes.
 *
 * @throws Error as `applyFiles` does, and for a file that changes a function, view or trigger of
 * another file
 */
export async function applySchemas(client: Client, files: readonly SqlFile[]): Promise<AppliedFile[]> {
  const makers = new Map<string, { readonly hash: string | null; readonly path: string | undefined }>();
  for (const made of await readMade(client)) makers.set(idOf(made), { hash: made.hash, path: undefined });
  const applied: AppliedFile[] = [];
  for (const file of files) {
    await applyFile(client, file);
    const now = await readMade(client);
    for (const made of now) {
      const maker = makers.get(idOf(made));
      if (maker === undefined || maker.hash === made.hash) continue;
      throw new Error(
        `${file.path} changes the ${made.key}, which ${maker.path ?? 'the empty database'} makes. ` +
          'Each object must be made by one file only.',
      );
    }
    const made = now.filter((fact) => !makers.has(idOf(fact)));
    for (const fact of made) makers.set(idOf(fact), { hash: fact.hash, path: file.path });
    applied.push({ ...file, made });
  }
  return applied;
}

/** Identifies a fact among all facts. */
export function idOf({ key, fact }: { readonly key: string; readonly fact: string }): string {
  return `${key}: ${fact}`;
}

async function applyFile(client: Client, { path, sql }: SqlFile): Promise<void> {
  try {
    await client.query('begin');
    await client.query(sql);
    await client.query('commit');
  } catch (cause) {
    await client.query('rollback').catch(() => undefined);
    throw new Error(`${path} failed: ${explain(cause, sql)}`, { cause });
  }
}

/** PostgreSQL's message, with the line if it is known. */
function explain(error: unknown, sql: string): string {
  if (!(error instanceof Error)) return String(error);
  const position = 'position' in error ? Number(error.position) : Number.NaN;
  if (Number.isNaN(position)) return error.message;
  return `${error.message} (line ${sql.slice(0, position).split('\n').length})`;
}

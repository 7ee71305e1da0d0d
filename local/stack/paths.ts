import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { errorCode } from '../launcher/errors.ts';
import { removeDataDir } from '../postgres/dataDir.ts';

/** The files of the local stack, all in one folder. */
export interface StackPaths {
  readonly checkout: string;
  /** The folder itself. */
  readonly root: string;
  readonly state: string;
  readonly postgres: string;
  readonly storage: string;
  readonly temporal: string;
  readonly jwtSecret: string;
  readonly log: (part: string) => string;
}

/**
 * @param data the folder; default: `.local` of the checkout, where `npx legisync` finds a running
 * stack.
 */
export function stackPaths(checkout: string, data?: string): StackPaths {
  const root = resolve(data ?? join(checkout, '.local'));
  return {
    checkout,
    root,
    state: join(root, 'stack.json'),
    postgres: join(root, 'postgres'),
    storage: join(root, 'storage'),
    temporal: join(root, 'temporal.db'),
    jwtSecret: join(root, 'jwt-secret'),
    log: (part) => join(root, 'logs', `${part}.log`),
  };
}

/** Removes the database, the bucket and Temporal's history. No part may be running. */
export async function resetStack(paths: StackPaths): Promise<void> {
  await removeDataDir(paths.postgres);
  await rm(paths.storage, { recursive: true, force: true });
  // SQLite keeps its log next to the file.
  for (const suffix of ['', '-wal', '-shm']) await rm(`${paths.temporal}${suffix}`, { force: true });
}

/**
 * The secret that signs this stack's keys. Created at the first start; only its owner can read it.
 */
export async function jwtSecret(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    const secret = randomBytes(32).toString('hex');
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, secret, { mode: 0o600, flag: 'wx' });
    return secret;
  }
}

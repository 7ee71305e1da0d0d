import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  bootstrapSupabase,
  createDatabaseFromTemplate,
  ensureTemplate,
} from '../../local/postgres/bootstrap.ts';
import { removeDataDir } from '../../local/postgres/dataDir.ts';
import { startPostgres } from '../../local/postgres/server.ts';

/** Signals that end the program. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const TEMPLATE = 'supabase_bare';

/** A signal has interrupted the command. Everything is cleaned up. */
export class Interrupted extends Error {}

/**
 * Lends a temporary PostgreSQL server, which is always removed afterwards. `use` gets a function
 * that creates an empty Supabase database and returns its URL.
 *
 * @throws Interrupted after a signal, such as Ctrl-C, when the server and its data are removed
 */
export async function withThrowAwayServer<T>(
  use: (newDatabase: (name: string) => Promise<string>) => Promise<T>,
): Promise<T> {
  const { signal, release } = interruption();
  const folder = await mkdtemp(join(tmpdir(), 'legisync-sql-'));
  const dataDir = join(folder, 'postgres');
  try {
    return await onServer(dataDir, signal, use);
  } catch (error) {
    throw signal.aborted ? new Interrupted() : error;
  } finally {
    await removeDataDir(dataDir);
    await rm(folder, { recursive: true, force: true });
    release();
  }
}

async function onServer<T>(
  dataDir: string,
  signal: AbortSignal,
  use: (newDatabase: (name: string) => Promise<string>) => Promise<T>,
): Promise<T> {
  const server = await startPostgres({ dataDir, flags: { fsync: 'off' }, signal });
  // The server has its own session, so an uncaught error would end this program but not the server.
  const kill = () => process.kill(server.pid, 'SIGQUIT');
  process.once('exit', kill);
  try {
    await ensureTemplate(server.url, TEMPLATE, bootstrapSupabase);
    const newDatabase = (name: string) => createDatabaseFromTemplate(server.url, name, TEMPLATE);
    return await Promise.race([use(newDatabase), rejectedBy(signal)]);
  } finally {
    await server.stop();
    process.off('exit', kill);
  }
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const interrupt = () => reject(new Interrupted());
    if (signal.aborted) interrupt();
    else signal.addEventListener('abort', interrupt);
  });
}

/**
 * Until `release`, process signals only abort this AbortSignal: a second Ctrl-C must not end the
 * program while it cleans up.
 */
function interruption(): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController();
  const interrupt = () => controller.abort();
  for (const signal of SIGNALS) process.on(signal, interrupt);
  return {
    signal: controller.signal,
    release() {
      for (const signal of SIGNALS) process.off(signal, interrupt);
    },
  };
}

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

/** Signals by which people and machines end a program. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const TEMPLATE = 'supabase_bare';

/** A signal ended it, and everything is cleaned up. */
export class Interrupted extends Error {}

/**
 * Lends a PostgreSQL server that is gone afterwards, whatever happens. `use` gets a function that makes an empty Supabase
 * database and returns its URL.
 *
 * @throws Interrupted after a signal; Ctrl-C stops the server and removes its data as well
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
  // The server lives in a session of its own: an error that nobody catches ends this program, and not the server.
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

/** Until it is released, a signal only sets this one: a second Ctrl-C must not end the program while it cleans up. */
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

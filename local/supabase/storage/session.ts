import type { Pool, PoolClient } from 'pg';
import { inTransaction, withConnection } from '../database.ts';
import type { Setting } from '../database.ts';
import type { Caller } from '../keys.ts';
import type { Counters } from '../counters.ts';
import type { FileStore } from './files.ts';

/** One request to Storage: its caller and its resources. */
export interface StorageSession {
  readonly caller: Caller;
  /** For the owner of the tables, who bypasses row security. */
  readonly pool: Pool;
  readonly files: FileStore;
  readonly counters: Counters;
  /**
   * Runs one transaction under the caller's role; the database decides what it may do.
   * @param first SQL for the message that opens the transaction.
   */
  asCaller<T>(work: (client: PoolClient) => Promise<T>, first?: string): Promise<T>;
}

export function createSession(
  deps: Pick<StorageSession, 'pool' | 'files' | 'counters'>,
  caller: Caller,
): StorageSession {
  const settings: Setting[] = [
    ['role', caller.role],
    ['request.jwt.claims', JSON.stringify(caller.claims)],
  ];
  return {
    ...deps,
    caller,
    asCaller: (work, first) =>
      withConnection(deps.pool, (client) =>
        inTransaction(client, { settings, ...(first === undefined ? {} : { first }) }, () => work(client)),
      ),
  };
}

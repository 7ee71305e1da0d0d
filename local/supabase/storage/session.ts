import type { Pool, PoolClient } from 'pg';
import { inTransaction, withConnection } from '../database.ts';
import type { Setting } from '../database.ts';
import type { Caller } from '../keys.ts';
import type { Counters } from '../counters.ts';
import type { FileStore } from './files.ts';

/** One request to Storage: who asks, and what it works with. */
export interface StorageSession {
  readonly caller: Caller;
  /** As the owner of the tables, whom row security does not bind. */
  readonly pool: Pool;
  readonly files: FileStore;
  readonly counters: Counters;
  /**
   * One transaction under the caller's role: what it may do is decided by the database.
   * @param first SQL to run in the message that opens the transaction.
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

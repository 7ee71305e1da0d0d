import { Client } from 'pg';

/** What Workers that poll the table have done. */
export interface WorkersReport {
  /**
   * Paths in the order in which they were taken. A file that was processed twice has its path in it
   * twice.
   */
  readonly worked: readonly string[];
  readonly errors: readonly string[];
}

// Exactly what a Worker sends that does not know legisync.
const CLAIM = `
  update files_queue set status = 'processing'
  where file_path = (
    select file_path from files_queue where status = 'pending'
    order by created_at limit 1 for update skip locked)
  returning file_path`;
const FINISH = `update files_queue set status = 'processed', processed = true where file_path = $1`;

/**
 * Pause of a Worker that finds nothing. It spares the processor, and no test depends on its length.
 */
const IDLE = 'select pg_sleep(0.005)';

/**
 * A statement that takes longer fails, and its Worker reports the error: something has locked the
 * Workers out.
 */
const STATEMENT_TIMEOUT_MS = 30_000;

/** Bounds the lists. No test needs as many. */
const MAX_STATEMENTS = 200_000;

/** Workers that poll the table, each in a session of its own, from now until `stop`. */
export class LegacyWorkers {
  readonly #stop = new AbortController();
  readonly #worked: string[] = [];
  readonly #errors: string[] = [];
  readonly #running: Promise<void>[];
  #statements = 0;

  constructor(databaseUrl: string, workers: number) {
    this.#running = Array.from({ length: workers }, () => this.#work(databaseUrl));
  }

  /** Number of files finished so far. */
  get finished(): number {
    return this.#worked.length;
  }

  async stop(): Promise<WorkersReport> {
    this.#stop.abort();
    await Promise.all(this.#running);
    return {
      worked: this.#worked,
      errors: this.#errors,
    };
  }

  async #work(databaseUrl: string): Promise<void> {
    const client = new Client({ connectionString: databaseUrl, statement_timeout: STATEMENT_TIMEOUT_MS });
    try {
      await client.connect();
      while (!this.#stop.signal.aborted && this.#statements < MAX_STATEMENTS) {
        const [path] = await this.#run(client, CLAIM, []);
        if (path === undefined) {
          await client.query(IDLE);
        } else {
          await this.#run(client, FINISH, [path]);
          this.#worked.push(path);
        }
      }
    } catch (error) {
      this.#errors.push(String(error));
    } finally {
      await client.end();
    }
  }

  async #run(client: Client, sql: string, values: readonly string[]): Promise<string[]> {
    const { rows } = await client.query<{ file_path: string }>(sql, [...values]);
    this.#statements += 1;
    return rows.map(({ file_path }) => file_path);
  }
}

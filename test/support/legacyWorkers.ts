import { Client } from 'pg';

/** What Workers that poll the table did. */
export interface WorkersReport {
  /** Paths in the order in which they were taken; a path that was worked twice is there twice. */
  readonly worked: readonly string[];
  readonly errors: readonly string[];
  /** The longest that any of their statements took, in milliseconds. */
  readonly longestMs: number;
  readonly statements: number;
}

// Letter for letter what Workers send that know nothing of legisync.
const CLAIM = `
  update files_queue set status = 'processing'
  where file_path = (
    select file_path from files_queue where status = 'pending'
    order by created_at limit 1 for update skip locked)
  returning file_path`;
const FINISH = `update files_queue set status = 'processed', processed = true where file_path = $1`;

/** The database does the waiting where there is nothing to do: a Worker asks again after so long. */
const IDLE = 'select pg_sleep(0.005)';

/** More than a Worker does in a test: the lists stay bounded. */
const MAX_STATEMENTS = 200_000;

/** Workers that poll the table, each in a session of its own, from now until `stop`. */
export class LegacyWorkers {
  readonly #stop = new AbortController();
  readonly #worked: string[] = [];
  readonly #errors: string[] = [];
  readonly #running: Promise<void>[];
  #statements = 0;
  #longestMs = 0;

  constructor(databaseUrl: string, workers: number) {
    this.#running = Array.from({ length: workers }, () => this.#work(databaseUrl));
  }

  /** How many files were finished so far. */
  get finished(): number {
    return this.#worked.length;
  }

  async stop(): Promise<WorkersReport> {
    this.#stop.abort();
    await Promise.all(this.#running);
    return {
      worked: this.#worked,
      errors: this.#errors,
      longestMs: this.#longestMs,
      statements: this.#statements,
    };
  }

  async #work(databaseUrl: string): Promise<void> {
    const client = new Client({ connectionString: databaseUrl });
    try {
      await client.connect();
      while (!this.#stop.signal.aborted && this.#statements < MAX_STATEMENTS) {
        const [path] = await this.#timed(client, CLAIM, []);
        if (path === undefined) {
          await client.query(IDLE);
        } else {
          await this.#timed(client, FINISH, [path]);
          this.#worked.push(path);
        }
      }
    } catch (error) {
      this.#errors.push(String(error));
    } finally {
      await client.end();
    }
  }

  async #timed(client: Client, sql: string, values: readonly string[]): Promise<string[]> {
    const began = performance.now();
    const { rows } = await client.query<{ file_path: string }>(sql, [...values]);
    this.#statements += 1;
    this.#longestMs = Math.max(this.#longestMs, performance.now() - began);
    return rows.map(({ file_path }) => file_path);
  }
}

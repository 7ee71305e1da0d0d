import { coherenceScheduleId, maintenanceScheduleId } from '../../src/contract/names.ts';
import type { SoakStack } from './stack.ts';
import type { Tally } from './repeat.ts';

/** Files that were in the bucket before a backfill, each time. */
const PLANTED = 10;

/** Starts a run of MAINTENANCE, as the schedule does at its time. */
export async function triggerMaintenance({ temporal }: SoakStack, collection: string): Promise<void> {
  await temporal(({ schedule }) => schedule.getHandle(maintenanceScheduleId(collection)).trigger());
}

/** Starts a coherence check, as the schedule does at its time. */
export async function triggerCoherence({ temporal, bucket }: SoakStack): Promise<void> {
  await temporal(({ schedule }) => schedule.getHandle(coherenceScheduleId(bucket)).trigger());
}

/** Compares Storage and the queue by the command. A difference is no error here: work is in progress. */
export async function runCoherence(stack: SoakStack): Promise<void> {
  const { exitCode } = await stack.legisync('coherence');
  if (exitCode > 1) throw new Error(`legisync coherence ended with ${exitCode}`);
}

/** Puts files into the bucket that legisync has not collected, and queues them by a backfill. */
export class Backfills {
  readonly #stack: SoakStack;
  readonly #tally: Tally;
  readonly #planted: string[] = [];
  #round = 0;
  #resume = false;

  constructor(stack: SoakStack, tally: Tally) {
    this.#stack = stack;
    this.#tally = tally;
  }

  /** The files that are certainly in the bucket. */
  get planted(): readonly string[] {
    return this.#planted;
  }

  /** Puts files into the bucket by SQL: they have no content. */
  async plant(): Promise<void> {
    this.#round += 1;
    const paths = Array.from({ length: PLANTED }, (_, n) => `legifrance/before/${this.#round}-${n}.json`);
    await this.#stack.sql(
      `insert into storage.objects (bucket_id, name, metadata, created_at, updated_at)
       select $1, path, '{"size": 100}', now() - interval '1 year', now() - interval '1 year'
         from unnest($2::text[]) path`,
      [this.#stack.bucket, paths],
    );
    this.#planted.push(...paths);
  }

  /**
   * Runs a backfill to its end. After a run that did not end, the next one resumes it.
   *
   * @returns whether every file has a row now. Files that arrive during the run may not have one.
   */
  async run(): Promise<boolean> {
    const how = this.#resume ? ['--resume'] : [];
    const { exitCode, stdout } = await this.#stack.legisync('backfill', '--yes', '--json', ...how);
    this.#tally.add(`backfill, exit code ${exitCode}`);
    this.#resume = exitCode > 1 && !this.#resume;
    if (exitCode > 1) throw new Error(`legisync backfill ended with ${exitCode}: ${stdout}`);
    return exitCode === 0;
  }
}

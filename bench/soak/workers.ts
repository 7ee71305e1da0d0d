import type { PostgrestSingleResponse, SupabaseClient } from '@supabase/supabase-js';
import type { Random } from '../../local/legifrance/corpus/random.ts';
import { rest, type Tally } from './repeat.ts';

/** Short, so that the files of a dead Worker come back during the run. */
const LEASE_SECONDS = 5;
const BATCH = 20;

/** As long as Workers do well, they wait so long for new files, and work so long on each claim. */
const IDLE_MS = 500;
const WORK_MS = 200;

/** Within a lease, so that a Worker whose calls fail still ends its claim. */
const CALL_TRIES = 4;
const CALL_PAUSE_MS = 300;

/** Longer than a retry after a failed attempt at a file. */
const RETRY_SECONDS = 4;

interface Claim {
  readonly token: string;
  readonly files: readonly { readonly filePath: string }[];
}

interface Ended {
  readonly completed?: number;
  readonly refused: readonly string[];
}

export interface WorkerOptions {
  readonly name: string;
  readonly supabase: SupabaseClient;
  readonly random: Random;
  readonly tally: Tally;
  /** Whether it may fail, release, be late or die. If not, it completes all files. */
  readonly mayMisbehave: () => boolean;
  readonly signal: AbortSignal;
}

/** A Worker that claims files until `signal` is aborted. After it has "died", it begins again as a new one. */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const { signal, tally } = options;
  while (!signal.aborted) {
    try {
      if (!(await workOnce(options))) await rest(IDLE_MS, signal);
    } catch {
      // The service is down for longer than the tries: what it holds comes back after its lease.
      tally.add('calls of Workers, failed');
      await rest(IDLE_MS, signal);
    }
  }
}

/** Works on one claim. Returns false if no file was pending. */
async function workOnce({
  name,
  supabase,
  random,
  tally,
  mayMisbehave,
  signal,
}: WorkerOptions): Promise<boolean> {
  const call = <T>(fn: string, args: Record<string, unknown>): Promise<T> => rpc(supabase, fn, args, signal);
  const claim = await call<Claim>('legisync_claim_files', {
    p_worker: name,
    p_batch: BATCH,
    p_lease_seconds: LEASE_SECONDS,
  });
  if (claim.files.length === 0) return false;
  tally.add('files claimed', claim.files.length);
  const p_token = claim.token;
  const paths = claim.files.map(({ filePath }) => filePath);
  await rest(WORK_MS, signal);

  const fate = mayMisbehave() ? random() : 1;
  if (fate < 0.06) {
    tally.add('Workers died', 1);
    return true;
  }
  if (fate < 0.1) {
    tally.add('Workers were late', 1);
    await rest(LEASE_SECONDS * 1_000 + 500, signal);
  } else if (fate < 0.2) {
    await call('legisync_extend_files', { p_token, p_paths: paths, p_lease_seconds: LEASE_SECONDS });
    tally.add('files extended', paths.length);
  }

  const groups = Map.groupBy(paths, () => {
    const draw = mayMisbehave() ? random() : 1;
    return draw < 0.03 ? 'fail' : draw < 0.06 ? 'release' : 'complete';
  });
  const failed = groups.get('fail') ?? [];
  const released = groups.get('release') ?? [];
  if (failed.length > 0) {
    const more = { p_error: 'failed on purpose', p_retry_seconds: Math.floor(random() * RETRY_SECONDS) };
    await call('legisync_fail_files', { p_token, p_paths: failed, ...more });
    tally.add('files failed', failed.length);
  }
  if (released.length > 0) {
    await call('legisync_release_files', { p_token, p_paths: released });
    tally.add('files released', released.length);
  }
  const done = await call<Ended>('legisync_complete_files', {
    p_token,
    p_paths: groups.get('complete') ?? [],
  });
  tally.add('files completed', done.completed);
  tally.add('files refused', done.refused.length);
  return true;
}

/** Repeats a call whose answer was lost, as docs/workers.md describes. */
async function rpc<T>(
  supabase: SupabaseClient,
  fn: string,
  args: Record<string, unknown>,
  signal: AbortSignal,
): Promise<T> {
  for (let triesLeft = CALL_TRIES; ; triesLeft -= 1) {
    const answer: PostgrestSingleResponse<T> = await supabase.rpc(fn, args);
    const { error, status } = answer;
    if (error === null) return answer.data;
    // postgrest-js gives status 0 if there was no answer.
    if (triesLeft <= 1 || (status !== 0 && status < 500)) throw new Error(`${fn}: ${error.message}`);
    await rest(CALL_PAUSE_MS, signal);
  }
}

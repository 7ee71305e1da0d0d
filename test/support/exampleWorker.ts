import type { PostgrestSingleResponse, SupabaseClient } from '@supabase/supabase-js';

interface ClaimedFile {
  readonly filePath: string;
  readonly bucketId: string;
  readonly fileSize: number | null;
  readonly contentSha256: string | null;
  readonly attempt: number;
}

interface Claim {
  readonly token: string;
  readonly leaseUntil: string;
  readonly files: readonly ClaimedFile[];
}

/**
 * Files for each claim: as many as one Worker processes in half a lease. If a Worker dies, its files
 * wait until the lease ends.
 */
const BATCH = 20;
const LEASE_SECONDS = 300;
const RETRY_SECONDS = 60;

/** Processes files until none is pending. `work` may run twice for one file: see "What a lease promises". */
export async function workUntilEmpty(
  supabase: SupabaseClient,
  worker: string,
  work: (file: ClaimedFile) => Promise<void>,
): Promise<void> {
  for (;;) {
    const claim = await call<Claim>(supabase, 'legisync_claim_files', {
      p_worker: worker,
      p_batch: BATCH,
      p_lease_seconds: LEASE_SECONDS,
    });
    if (claim.files.length === 0) return;
    await workClaim(supabase, claim, work);
  }
}

async function workClaim(
  supabase: SupabaseClient,
  { token: p_token, files }: Claim,
  work: (file: ClaimedFile) => Promise<void>,
): Promise<void> {
  const mine = new Set(files.map((file) => file.filePath));
  const extend = async (): Promise<void> => {
    const { refused } = await call<{ refused: readonly string[] }>(supabase, 'legisync_extend_files', {
      p_token,
      p_paths: [...mine],
      p_lease_seconds: LEASE_SECONDS,
    });
    // Another Worker has these by now.
    for (const path of refused) mine.delete(path);
  };
  // Three times in each lease, so two calls in a row may fail. A file that is lost all the same is
  // refused by legisync_complete_files.
  const heartbeat = setInterval(() => void extend().catch(() => undefined), (LEASE_SECONDS / 3) * 1_000);
  try {
    for (const file of files) {
      if (!mine.has(file.filePath)) continue;
      const p_paths = [file.filePath];
      try {
        await work(file);
      } catch (error) {
        const p_error = error instanceof Error ? error.message : String(error);
        await call(supabase, 'legisync_fail_files', {
          p_token,
          p_paths,
          p_error,
          p_retry_seconds: RETRY_SECONDS,
        });
        continue;
      } finally {
        mine.delete(file.filePath);
      }
      await call(supabase, 'legisync_complete_files', { p_token, p_paths });
    }
  } finally {
    clearInterval(heartbeat);
  }
}

/** Repeats a call whose answer was lost: the functions tell what is already done from what is refused. */
async function call<T>(
  supabase: SupabaseClient,
  name: string,
  args: Record<string, unknown>,
  triesLeft = 3,
): Promise<T> {
  const answer: PostgrestSingleResponse<T> = await supabase.rpc(name, args);
  const { error, status } = answer;
  if (error === null) return answer.data;
  // postgrest-js gives status 0 if there was no answer.
  if (triesLeft > 1 && (status === 0 || status >= 500)) return call(supabase, name, args, triesLeft - 1);
  throw new Error(`${name}: ${error.message} (${error.code})`);
}

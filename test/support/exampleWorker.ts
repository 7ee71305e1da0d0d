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

/** As many as one Worker works within half a lease; of a Worker that dies, they wait for the end of the lease. */
const BATCH = 20;
const LEASE_SECONDS = 300;
const RETRY_SECONDS = 60;

/** Works files until none is pending. `work` must bear being done twice: see "What a lease promises". */
export async function workUntilEmpty(
  supabase: SupabaseClient,
  worker: string,
  work: (file: ClaimedFile) => Promise<void>,
): Promise<void> {
  for (;;) {
    const claim = await call<Claim>(supabase, 'claim_files', {
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
    const { refused } = await call<{ refused: readonly string[] }>(supabase, 'extend_files', {
      p_token,
      p_paths: [...mine],
      p_lease_seconds: LEASE_SECONDS,
    });
    // Somebody else has these by now.
    for (const path of refused) mine.delete(path);
  };
  // Three times a lease: two calls may be lost. What is refused by then, complete_files refuses as well.
  const heartbeat = setInterval(() => void extend().catch(() => undefined), (LEASE_SECONDS / 3) * 1_000);
  try {
    for (const file of files) {
      if (!mine.has(file.filePath)) continue;
      const p_paths = [file.filePath];
      try {
        await work(file);
      } catch (error) {
        const p_error = error instanceof Error ? error.message : String(error);
        await call(supabase, 'fail_files', { p_token, p_paths, p_error, p_retry_seconds: RETRY_SECONDS });
        continue;
      } finally {
        mine.delete(file.filePath);
      }
      await call(supabase, 'complete_files', { p_token, p_paths });
    }
  } finally {
    clearInterval(heartbeat);
  }
}

/** A call whose answer is lost may be repeated: each function tells what is done already from what is refused. */
async function call<T>(
  supabase: SupabaseClient,
  name: string,
  args: Record<string, unknown>,
  triesLeft = 3,
): Promise<T> {
  const answer: PostgrestSingleResponse<T> = await supabase.rpc(name, args);
  const { error, status } = answer;
  if (error === null) return answer.data;
  // postgrest-js gives status 0 where no answer came.
  if (triesLeft > 1 && (status === 0 || status >= 500)) return call(supabase, name, args, triesLeft - 1);
  throw new Error(`${name}: ${error.message} (${error.code})`);
}

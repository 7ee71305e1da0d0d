import { createClient, type PostgrestSingleResponse, type SupabaseClient } from '@supabase/supabase-js';
import { BUCKET, type SupabaseStack } from './supabase.ts';

export interface Claim {
  readonly token: string;
  readonly leaseUntil: string;
  readonly files: readonly {
    readonly filePath: string;
    readonly bucketId: string;
    readonly fileSize: number | null;
    readonly contentSha256: string | null;
    readonly fileSha256: string | null;
    readonly attempt: number;
  }[];
}

export interface Completion {
  readonly completed: number;
  readonly pendingAgain: readonly string[];
  readonly alreadyCompleted: number;
  readonly refused: readonly string[];
}

export interface Failing {
  readonly retried: number;
  readonly failed: readonly string[];
  readonly alreadyEnded: number;
  readonly refused: readonly string[];
}

/** The functions for Workers, called through the gateway with the service key, as a Worker does. */
export interface WorkerApi {
  readonly client: SupabaseClient;
  readonly claim: (batch?: number, leaseSeconds?: number, worker?: string) => Promise<Claim>;
  readonly complete: (token: string, paths: readonly string[]) => Promise<Completion>;
  readonly fail: (
    token: string,
    paths: readonly string[],
    error?: string,
    retrySeconds?: number,
  ) => Promise<Failing>;
  readonly release: (
    token: string,
    paths: readonly string[],
  ) => Promise<{
    readonly released: number;
    readonly alreadyEnded: number;
    readonly refused: readonly string[];
  }>;
  readonly extend: (
    token: string,
    paths: readonly string[],
    leaseSeconds?: number,
  ) => Promise<{
    readonly extended: number;
    readonly leaseUntil: string;
    readonly refused: readonly string[];
  }>;
}

export function workerApi(stack: SupabaseStack): WorkerApi {
  const client = createClient(stack.gateway.url, stack.gateway.serviceKey, {
    auth: { persistSession: false },
  });
  const call = async <T>(name: string, args: Record<string, unknown>): Promise<T> => {
    const result: PostgrestSingleResponse<T> = await client.rpc(name, args);
    if (result.error !== null) throw result.error;
    return result.data;
  };
  return {
    client,
    claim: (batch = 10, leaseSeconds = 300, worker = 'worker') =>
      call('legisync_claim_files', { p_worker: worker, p_batch: batch, p_lease_seconds: leaseSeconds }),
    complete: (token, paths) => call('legisync_complete_files', { p_token: token, p_paths: paths }),
    fail: (token, paths, error = 'it failed', retrySeconds = 0) =>
      call('legisync_fail_files', {
        p_token: token,
        p_paths: paths,
        p_error: error,
        p_retry_seconds: retrySeconds,
      }),
    release: (token, paths) => call('legisync_release_files', { p_token: token, p_paths: paths }),
    extend: (token, paths, leaseSeconds = 300) =>
      call('legisync_extend_files', { p_token: token, p_paths: paths, p_lease_seconds: leaseSeconds }),
  };
}

/** Adds a pending row for each path. The first one is the oldest. */
export async function plantRows(stack: SupabaseStack, paths: readonly string[]): Promise<void> {
  await stack.sql(
    `insert into public.files_queue (file_path, bucket_id, file_size, created_at)
     select path, $1, 100, now() - interval '1 day' + n * interval '1 ms'
     from unnest($2::text[]) with ordinality as p (path, n)`,
    [BUCKET, paths],
  );
}

/** Moves the times of all claims `seconds` into the past. */
export async function claimsGrowOlder(stack: SupabaseStack, seconds: number): Promise<void> {
  await stack.sql(
    `update legisync.claims
     set held_until = held_until - make_interval(secs => $1), due_at = due_at - make_interval(secs => $1)`,
    [seconds],
  );
}

/** The paths of a claim, in its order. */
export const pathsOf = ({ files }: Claim): string[] => files.map(({ filePath }) => filePath);

/** A row's status and `processed`. */
export async function queueState(stack: SupabaseStack, path: string): Promise<object | undefined> {
  const rows = await stack.sql('select status, processed from public.files_queue where file_path = $1', [
    path,
  ]);
  return rows[0] && { ...rows[0] };
}

/** A claim's state, attempts and error. */
export async function claimState(stack: SupabaseStack, path: string): Promise<object | undefined> {
  const rows = await stack.sql('select state, attempts, error from legisync.claims where file_path = $1', [
    path,
  ]);
  return rows[0] && { ...rows[0] };
}

/** Empties the queue and the claims, which the guards permit to this session. */
export async function emptyClaims(stack: SupabaseStack): Promise<void> {
  await stack.sql(`set legisync.allow_emptying = 'files_queue'`);
  await stack.sql('truncate public.files_queue, legisync.claims');
}

import type { Pool } from 'pg';

/**
 * Requests to the gateway. The counts of uploads are in the database and survive a restart; the
 * others do not.
 */
export interface GatewayStats {
  /** Uploads that were carried out, including those whose answer was lost. */
  readonly uploads: number;
  /** Number of different objects uploaded. */
  readonly uploadedObjects: number;
  /** The most uploads of one object. */
  readonly uploadsPerObjectMax: number;
  /**
   * The most uploads of one object with the same `sha256` in its user metadata (or without one).
   */
  readonly sameHashUploadsMax: number;
  /** Since this process started. */
  readonly downloads: number;
  /** Since this process started, by function. */
  readonly rpcCalls: Readonly<Record<string, number>>;
}

export interface Counters {
  download(): void;
  rpc(name: string): void;
  read(): Promise<GatewayStats>;
}

/** Names come from requests; a client with random names must not fill the memory. */
const MAX_NAMES = 1_000;

export function createCounters(pool: Pool): Counters {
  let downloads = 0;
  const rpcCalls = new Map<string, number>();
  return {
    download() {
      downloads += 1;
    },
    rpc(name) {
      const known = rpcCalls.get(name);
      if (known !== undefined || rpcCalls.size < MAX_NAMES) rpcCalls.set(name, (known ?? 0) + 1);
    },
    async read() {
      const uploads = await readUploads(pool);
      return { ...uploads, downloads, rpcCalls: Object.fromEntries(rpcCalls) };
    },
  };
}

type UploadStats = Pick<
  GatewayStats,
  'uploads' | 'uploadedObjects' | 'uploadsPerObjectMax' | 'sameHashUploadsMax'
>;

async function readUploads(pool: Pool): Promise<UploadStats> {
  const { rows } = await pool.query<UploadStats>(`
    select coalesce(sum(total), 0)::int as "uploads",
           count(*)::int as "uploadedObjects",
           coalesce(max(total), 0)::int as "uploadsPerObjectMax",
           coalesce(max(same_hash), 0)::int as "sameHashUploadsMax"
      from (select sum(uploads) as total, max(uploads) as same_hash
              from gateway.uploads group by bucket_id, name) as per_object`);
  return rows[0] ?? { uploads: 0, uploadedObjects: 0, uploadsPerObjectMax: 0, sameHashUploadsMax: 0 };
}

import type {
  BackfillChunkInput,
  BackfillChunkResult,
  OpenBackfillInput,
  OpenBackfillResult,
} from '../contract/backfill.ts';
import type { CoherenceInput, MeasureResult } from '../contract/coherence.ts';
import type {
  Controls,
  EnqueueInput,
  EnqueueResult,
  FetchInput,
  FetchResult,
  UploadInput,
  UploadResult,
} from '../contract/collecting.ts';
import { backfillChunk, openBackfill } from './backfill.ts';
import { measureCoherence } from './coherence.ts';
import type { ActivityDeps } from './deps.ts';
import { enqueueDocuments } from './enqueue.ts';
import { fetchDocuments } from './fetch.ts';
import { withHeartbeat } from './liveness.ts';
import { uploadDocuments } from './upload.ts';

/** The activities. Each may be repeated, may run late, and may run twice at once. */
export interface Activities {
  /** Lists new documents of a collection, and leases the next batches to collect. */
  fetchDocuments(input: FetchInput): Promise<FetchResult>;
  /**
   * Consults each document that the batch still holds. Uploads it if the object is absent or has
   * another hash.
   */
  uploadDocuments(input: UploadInput): Promise<UploadResult>;
  /** Writes the queue rows and catalogue states of a batch, in one transaction. */
  enqueueDocuments(input: EnqueueInput): Promise<EnqueueResult>;
  /**
   * Saves the operator's settings to Postgres, where they survive a loss of Temporal's database.
   */
  saveControls(collection: string, controls: Controls): Promise<void>;
  /** Begins a backfill or resumes the unfinished one. Counts the bucket's objects. */
  openBackfill(input: OpenBackfillInput): Promise<OpenBackfillResult>;
  /** Processes one chunk of a backfill, in one transaction. */
  backfillChunk(input: BackfillChunkInput): Promise<BackfillChunkResult>;
  /** Compares Storage and files_queue. Logs a warning if the difference is above the limits. */
  measureCoherence(input: CoherenceInput): Promise<MeasureResult>;
}

export function createActivities(deps: ActivityDeps): Activities {
  return {
    fetchDocuments: (input) => fetchDocuments(deps, input),
    uploadDocuments: (input) => uploadDocuments(deps, input),
    enqueueDocuments: (input) => enqueueDocuments(deps, input),
    openBackfill: (input) => openBackfill(deps, input),
    backfillChunk: (input) => backfillChunk(deps, input),
    measureCoherence: (input) => measureCoherence(deps, input),
    saveControls: (collection, controls) =>
      withHeartbeat(
        () => null,
        () => deps.catalogue.saveControls(collection, controls),
      ),
  };
}
